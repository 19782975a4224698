"""All metric-similarity alignments at a glance: their mean and how many are significant, by method or by metric.

Corrected: the mean of Spearman's rho of damage and similarity, with its sign (a mean of absolute values is above zero without any
relation, and so is its interval); Mantel tests, q over all alignments of the figure; the interval of a mean draws entities, the
same for all alignments of a task. ``published``: mean |Pearson r| of the raw metric over pairs taken as
independent, significant where either of two raw p-values is below 0.05.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.alignment import align, published_alignment, similarity_of
from lethe.benchmarks.icare.figures.grid import draw
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Finding, Result, number
from lethe.statistics import published_tests
from lethe.statistics.resampling import Inference, percentile_interval, q_values

if TYPE_CHECKING:
    import pandas as pd


class MetricSimilarityAlignmentGrid(ResultParameters):
    """Alignments of several tasks, methods, metrics and similarities."""

    tasks: Names = Field(description="tasks")
    methods: Names = Field(description="methods")
    metrics: Names = Field(description="pair metrics")
    similarities: Names = Field(description="kinds of similarity")
    by: Literal["method", "metric"] = Field("method", description="bars per method, or a map of metrics and similarities")


def corrected(parameters: MetricSimilarityAlignmentGrid, task: TaskData, inference: Inference) -> pd.DataFrame:
    """``method, metric, similarity, value, p, draws`` of a task."""
    import pandas as pd

    damages = {(m, q): task.damage(m, q) for m in parameters.methods for q in parameters.metrics}
    keys = dict.fromkeys(similarity_of(kind, m) for kind in parameters.similarities for m in parameters.methods)
    found = align(damages, {key: task.similarity(key) for key in keys}, inference)
    columns = ["method", "metric", "similarity", "value", "p", "draws"]
    return pd.DataFrame([[a.method, a.metric, a.similarity, a.spearman, a.p, a.draws] for a in found], columns=columns)


def published(parameters: MetricSimilarityAlignmentGrid, task: TaskData) -> pd.DataFrame:
    """``method, metric, similarity, value, significant`` of a task."""
    import pandas as pd

    rows = []
    for method in parameters.methods:
        for metric in parameters.metrics:
            for kind in parameters.similarities:
                values, alike = task.matrix(method, metric, "published"), task.similarity(similarity_of(kind, method))
                tests = published_alignment(values, alike)
                rows.append([method, metric, kind, tests["pearson"][0], published_tests.either(tests)])
    return pd.DataFrame(rows, columns=["method", "metric", "similarity", "value", "significant"]).dropna(subset=["value"])


def compute(parameters: MetricSimilarityAlignmentGrid, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``row`` (method or similarity), ``column`` (metric, or empty), ``value``, ``low``, ``high``, ``count``, ``denominator``."""
    import pandas as pd

    old = parameters.fidelity == "published"
    parts = [published(parameters, data[t]) if old else corrected(parameters, data[t], inference) for t in parameters.tasks]
    table = pd.concat(parts, ignore_index=True)
    if not old:
        table["significant"] = q_values(table["p"]) < inference.alpha
    findings, rows = [], []
    name, how = (
        ("mean_abs_pearson", "pairs as independent")
        if old
        else ("mean_damage_spearman", "one-sided Mantel tests, entities drawn")
    )
    for key, group in table.groupby(["method"] if parameters.by == "method" else ["similarity", "metric"], sort=False):
        value, low, high = float((group["value"].abs() if old else group["value"]).mean()), None, None
        if not old:
            draws = np.stack(list(group["draws"])).mean(axis=0)
            low, high = (number(end[0]) for end in percentile_interval(draws[:, None], inference.alpha))
        count, cells = int(group["significant"].sum()), [*key, ""]
        findings.append(Finding(name, value, len(group), how, low, high, group="/".join(map(str, key))))
        rows.append({"row": cells[0], "column": cells[1], "value": value, "low": low, "high": high, "count": count})
        rows[-1]["denominator"] = len(group)
    notes = {"alignments": len(table), "significant": int(table["significant"].sum())}
    return Result(tuple(findings), tuple(rows), {"value": ("correlation", "published" if old else "harm")}, notes)


TEMPLATE = TaskTemplate("MSAGrid", "MetricSimilarityAlignmentGrid", MetricSimilarityAlignmentGrid, compute, draw)
