"""Significant relationship, categorical and directional: whom do the entities of one category harm?

For emitters whose attribute is ``source``: the mean of a pair metric at each receiver (the receiver itself left out), receivers
grouped by the same attribute. Statistic and effect: epsilon squared of the receivers' ranks. Test: the attribute is permuted over
entities, so that it moves as emitter and as receiver; interval: entities drawn within categories. ``difference``: mean of the
receivers of the source's own category minus mean of the others. ``published``: ANOVA and Kruskal-Wallis, receivers as independent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.figures.boxes import draw
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.benchmarks.icare.templates.directional import directional, received
from lethe.benchmarks.icare.templates.relations import samples_of
from lethe.benchmarks.icare.templates.src import check_sizes
from lethe.core.registry import nearest
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Finding, Result, published, with_q
from lethe.statistics import published_tests
from lethe.statistics.resampling import Inference


class SignificantRelationshipCategoricalDirectional(PairParameters):
    """Receivers of one pair metric, by category, for emitters of one category."""

    attribute: str = Field(description="categorical attribute of the metadata, e.g. occupation_simplified")
    sources: Names = Field(description="categories of the emitters, a panel each")
    exclude_diagonal: bool = Field(True, description="leave out the pair of an entity with itself")
    min_samples: int = Field(5, ge=2, description="entities that each category must have")


def compute(
    parameters: SignificantRelationshipCategoricalDirectional, data: Mapping[str, TaskData], inference: Inference
) -> Result:
    """Rows: ``panel`` (source), ``category`` (of the receiver), ``label`` (receiver), ``y`` (mean metric), ``series`` (method)."""
    task = data[parameters.task]
    labels = task.categories(parameters.attribute)
    names = sorted({label for label in labels if label is not None})
    codes = np.array([-1 if label is None else names.index(label) for label in labels])
    check_sizes({name: int((codes == i).sum()) for i, name in enumerate(names)}, parameters.attribute, parameters.min_samples)
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    findings: list[Finding] = []
    rows = []
    for source in parameters.sources:
        if source not in names:
            raise MissingDataError(
                f"attribute '{parameters.attribute}' has no category '{source}'; it has: {', '.join(names)}{nearest(source, names)}"
            )
        at = received(values, (codes == names.index(source)).astype(float)[None], parameters.exclude_diagonal)[0]
        if parameters.fidelity == "published":
            tests = published_tests.groups(list(samples_of(at, labels).values()))
            findings += published(tests, int(np.isfinite(at).sum()), "receivers as independent, raw p", source)
        else:
            pair = directional(values, codes, names.index(source), inference, parameters.exclude_diagonal)
            findings += [Finding(**(vars(finding) | {"group": source})) for finding in pair]
        columns = sorted(zip(labels, task.names, at, strict=True), key=lambda row: str(row[0]))
        rows += [
            {"panel": source, "category": label, "label": name, "y": float(value), "series": parameters.method}
            for label, name, value in columns
            if label is not None and np.isfinite(value)
        ]
    axes = {"x": ("attribute", parameters.attribute), "y": ("metric", parameters.metric)}
    return Result(tuple(findings) if parameters.fidelity == "published" else with_q(findings), tuple(rows), axes)


TEMPLATE = TaskTemplate(
    "SRCD", "SignificantRelationshipCategoricalDirectional", SignificantRelationshipCategoricalDirectional, compute, draw
)
