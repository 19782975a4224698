"""Significant relationship, numeric: does a statistic per entity follow a number known about the entities?

Spearman's rho over entities that have both, entities permuted, bootstrap interval. ``published``: Pearson and Spearman, raw p.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.figures.scatter import draw
from lethe.benchmarks.icare.parameters import MethodParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.relations import findings
from lethe.figures.templates.result import Result, with_q
from lethe.statistics.resampling import Inference


class SignificantRelationshipNumerical(MethodParameters):
    """One statistic against one numeric attribute."""

    statistic: str = Field(description="statistic per entity, e.g. receiver_worst_interfered_ssim")
    attribute: str = Field(description="numeric attribute of the metadata, e.g. birthyear")


def compute(parameters: SignificantRelationshipNumerical, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``label`` (entity), ``x`` (attribute), ``y`` (statistic), ``series`` (method)."""
    task = data[parameters.task]
    x = task.numbers(parameters.attribute)
    y = task.statistic(parameters.method, parameters.statistic, parameters.fidelity)
    found = findings(task, parameters.attribute, y, inference, 1, parameters.fidelity)
    used = np.isfinite(x) & np.isfinite(y)
    rows = tuple(
        {"label": task.names[i], "x": float(x[i]), "y": float(y[i]), "series": parameters.method} for i in np.flatnonzero(used)
    )
    axes = {"x": ("attribute", parameters.attribute), "y": ("statistic", parameters.statistic)}
    return Result(tuple(found) if parameters.fidelity == "published" else with_q(found), rows, axes)


TEMPLATE = TaskTemplate(
    "SRN", "SignificantRelationshipNumerical", SignificantRelationshipNumerical, compute, draw, ("pairs", "entities")
)
