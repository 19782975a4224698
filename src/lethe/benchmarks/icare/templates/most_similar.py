"""Most similar, most interfered: is the receiver most like the emitter among those it harms most?

For each method and task the share of (emitter, metric, similarity) where the most similar receiver is among the ``top`` most
damaged ones. Chance is top / (N - 1). Test: the similarities' entities are permuted together, one-sided; interval: emitters
drawn with replacement. ``published``: counts and denominators alone, as printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.benchmarks.icare.figures.grid import draw
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Finding, Result, number, with_q
from lethe.statistics.resampling import Inference, extreme, multiplicities, p_value, percentile_interval, random_orders

Floats = NDArray[np.float64]


class MostSimilarMostInterferedGrid(ResultParameters):
    """Counts over emitters, metrics and similarities."""

    tasks: Names = Field(description="tasks, a column each")
    methods: Names = Field(description="methods, a row each")
    metrics: Names = Field(description="pair metrics that are counted together")
    similarities: Names = Field(description="similarities that are counted together")
    top: int = Field(1, ge=1, description="how many receivers count as most interfered")


def most_interfered(damage: Floats, top: int) -> NDArray[np.bool_]:
    """(N, N): whether the receiver is among the ``top`` most damaged of the emitter; earlier indices win ties."""
    order = np.argsort(-np.where(np.isnan(damage), -np.inf, damage), axis=1, kind="stable")[:, :top]
    result = np.zeros(damage.shape, bool)
    np.put_along_axis(result, order, True, axis=1)
    return result


def compute(parameters: MostSimilarMostInterferedGrid, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``row`` (method), ``column`` (task), ``count``, ``denominator``, ``value`` (share), ``chance``."""
    findings, rows = [], []
    for method in parameters.methods:
        for task in (data[name] for name in parameters.tasks):
            hits = [most_interfered(_damage(parameters, task, method, metric), parameters.top) for metric in parameters.metrics]
            alike = [task.similarity(similarity_of(kind, method)) for kind in parameters.similarities]
            finding, count, denominator = _cell(
                hits, alike, inference, parameters.fidelity == "corrected", f"{task.task}/{method}"
            )
            findings.append(finding)
            chance = parameters.top / (task.size - 1)
            cell = {"row": method, "column": task.task, "count": count, "denominator": denominator}
            rows.append(cell | {"value": finding.value, "chance": chance})
    return Result(with_q(findings), tuple(rows), {"value": ("share", "most similar receiver among the most interfered")})


def _damage(parameters: MostSimilarMostInterferedGrid, task: TaskData, method: str, metric: str) -> Floats:
    values = spec_of(metric).damage_sign * task.matrix(method, metric, parameters.fidelity)
    np.fill_diagonal(values, np.nan)
    return values


def _cell(
    hits: Sequence[NDArray[np.bool_]], alike: Sequence[Floats], inference: Inference, test: bool, group: str
) -> tuple[Finding, int, int]:
    n = len(hits[0])
    together = np.sum(hits, axis=0).astype(float)  # (N, N): for how many metrics
    tops = [np.argmax(np.where(np.eye(n, dtype=bool), -np.inf, matrix), axis=1) for matrix in alike]
    per_emitter = np.sum([together[np.arange(n), top] for top in tops], axis=0) / (len(hits) * len(alike))
    count, denominator = round(per_emitter.sum() * len(hits) * len(alike)), n * len(hits) * len(alike)
    share = np.array([per_emitter.mean()])
    if not test:
        return Finding("share", float(share[0]), n, "count / denominator", group=group), count, denominator
    orders = random_orders(n, inference.permutations, inference.seed)
    inverse = np.argsort(orders, axis=1)
    drawn = np.zeros(len(orders))
    for top in tops:  # entity i takes the place of orders[i]: its most similar receiver moves along
        drawn += together[np.arange(n), np.take_along_axis(inverse, top[orders], axis=1)].sum(axis=1)
    p = p_value(extreme(share, drawn[:, None] / denominator, "greater"), inference.permutations)
    low, high = percentile_interval(
        multiplicities(n, inference.bootstrap, inference.seed) @ per_emitter[:, None] / n, inference.alpha
    )
    how = f"{count} of {denominator}; entities of the similarities permuted, one-sided; interval over emitters"
    return (
        Finding("share", float(share[0]), n, how, number(low[0]), number(high[0]), float(p[0]), group=group),
        count,
        denominator,
    )


TEMPLATE = TaskTemplate(
    "MostSimilarMostInterferedGrid", "MostSimilarMostInterferedGrid", MostSimilarMostInterferedGrid, compute, draw
)
