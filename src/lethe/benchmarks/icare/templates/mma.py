"""Metric-metric alignment: do two statistics per entity agree?

For each task and method: Spearman's rho of the two statistics over entities, entities permuted, bootstrap interval over
entities; q over the panels and methods of the figure. ``published``: Pearson and Spearman with raw p-values.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lethe.benchmarks.icare.figures.scatter import draw
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Finding, Result, published, tested, with_q
from lethe.statistics import published_tests
from lethe.statistics.entity_tests import correlate
from lethe.statistics.resampling import Inference


class MetricMetricAlignment(ResultParameters):
    """Two statistics per entity."""

    tasks: Names = Field(description="tasks, a panel each")
    methods: Names = Field(description="methods, overlaid")
    statistic_x: str = Field(description="statistic per entity on the x axis, e.g. emitter_average_clip_diff")
    statistic_y: str = Field(description="statistic per entity on the y axis")


def compute(parameters: MetricMetricAlignment, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``panel`` (task), ``series`` (method), ``label`` (entity), ``x``, ``y``."""
    findings: list[Finding] = []
    rows = []
    for task in parameters.tasks:
        for method in parameters.methods:
            x = data[task].statistic(method, parameters.statistic_x, parameters.fidelity)
            y = data[task].statistic(method, parameters.statistic_y, parameters.fidelity)
            group = f"{task}/{method}"
            if parameters.fidelity == "published":
                tests = published_tests.correlation(x, y)
                findings += published(tests, len(x), "over entities, raw p", group)
            else:
                how = "Spearman over entities, entities permuted"
                findings.append(tested("spearman", correlate(x, y[None], inference), 0, how, group))
            columns = zip(data[task].names, x.tolist(), y.tolist(), strict=True)
            rows += [{"panel": task, "series": method, "label": name, "x": a, "y": b} for name, a, b in columns]
    found = tuple(findings) if parameters.fidelity == "published" else with_q(findings)
    axes = {"x": ("statistic", parameters.statistic_x), "y": ("statistic", parameters.statistic_y)}
    return Result(found, tuple(rows), axes)


TEMPLATE = TaskTemplate("MMA", "MetricMetricAlignment", MetricMetricAlignment, compute, draw, ("pairs", "entities"))
