"""Metric-similarity alignment of one emitter: its receivers, the most and least harmed and the most and least alike named."""

from __future__ import annotations

from collections.abc import Mapping

from lethe.benchmarks.icare.figures.receivers import draw_scatter
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.receivers import OneEmitterParameters, receivers, roles, tests_of_one
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference


def compute(parameters: OneEmitterParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``receiver`` (index), ``label`` (name), ``x`` (metric), ``y`` (similarity), ``role``."""
    task = data[parameters.task]
    others, alike, values, damage = receivers(parameters, task)
    findings = tests_of_one(parameters, alike, values, damage, inference, ("pearson", "spearman"))
    columns = zip(others.tolist(), values.tolist(), alike.tolist(), roles(damage, alike, parameters.top), strict=True)
    rows = tuple({"receiver": r, "label": task.names[r], "x": x, "y": y, "role": role} for r, x, y, role in columns)
    axes = {"x": ("metric", parameters.metric), "y": ("similarity", parameters.similarity)}
    return Result(findings, rows, axes, {"emitter": task.names[parameters.emitter], "floor": task.floor(parameters.metric)})


TEMPLATE = TaskTemplate(
    "MSAOne", "MetricSimilarityAlignmentOne", OneEmitterParameters, compute, draw_scatter, ("pairs", "noise_floor")
)
