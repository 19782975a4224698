"""Significant relationship, categorical: does a statistic per entity differ between categories of entities?

Kruskal and Wallis' H over entities with labels permuted; effect: epsilon squared. ``published``: one-way ANOVA and
Kruskal-Wallis with raw p-values.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lethe.benchmarks.icare.figures.boxes import draw
from lethe.benchmarks.icare.parameters import MethodParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.benchmarks.icare.templates.relations import findings, samples_of
from lethe.figures.templates.result import Result, with_q
from lethe.statistics.resampling import Inference


class SignificantRelationshipCategorical(MethodParameters):
    """One statistic between the categories of one attribute."""

    statistic: str = Field(description="statistic per entity, e.g. emitter_worst_interfered_clip_diff")
    attribute: str = Field(description="categorical attribute of the metadata, e.g. group")
    min_samples: int = Field(5, ge=2, description="entities that each category must have")


def compute(parameters: SignificantRelationshipCategorical, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``category``, ``label`` (entity), ``y`` (statistic), ``series`` (method)."""
    task = data[parameters.task]
    y = task.statistic(parameters.method, parameters.statistic, parameters.fidelity)
    labels = task.categories(parameters.attribute)
    check_sizes(
        {name: len(sample) for name, sample in samples_of(y, labels).items()}, parameters.attribute, parameters.min_samples
    )
    found = findings(task, parameters.attribute, y, inference, parameters.min_samples, parameters.fidelity)
    rows = tuple(
        {"panel": "", "category": label, "label": name, "y": float(value), "series": parameters.method}
        for label, name, value in sorted(zip(labels, task.names, y, strict=True), key=lambda row: str(row[0]))
        if label is not None and value == value
    )
    axes = {"x": ("attribute", parameters.attribute), "y": ("statistic", parameters.statistic)}
    return Result(tuple(found) if parameters.fidelity == "published" else with_q(found), rows, axes)


def check_sizes(sizes: Mapping[str, int], attribute: str, fewest: int) -> None:
    """A ``MissingDataError`` unless there are two categories and each has ``fewest`` entities."""
    told = ", ".join(f"{name} {size}" for name, size in sizes.items())
    if len(sizes) < 2:
        raise MissingDataError(f"attribute '{attribute}' has fewer than two categories with values ({told}): nothing to compare")
    if min(sizes.values()) < fewest:
        raise MissingDataError(f"attribute '{attribute}': each category needs {fewest} entities (min_samples), there are {told}")


TEMPLATE = TaskTemplate(
    "SRC", "SignificantRelationshipCategorical", SignificantRelationshipCategorical, compute, draw, ("pairs", "entities")
)
