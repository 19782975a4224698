"""Pareto front of forgetting and retention: which unlearned models cannot be improved in one without losing in the other?

A model is on the front if no other has a forget_clip_diff at most as high and a retain_average_clip_diff at least as high, one of
them better. Test: do models on the front differ in specificity ratio (Kruskal-Wallis, ratios permuted over models)?
``published``: the front and the boxes alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.figures.front import draw
from lethe.benchmarks.icare.parameters import MethodParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.result import Finding, Result, tested, with_q
from lethe.statistics.entity_tests import group_effect
from lethe.statistics.resampling import Inference

FORGET, RETAIN, RATIO = "forget_clip_diff", "retain_average_clip_diff", "embedding_specificity_ratio"
Floats = NDArray[np.float64]


def front(minimise: Floats, maximise: Floats) -> NDArray[np.bool_]:
    """(n,) whether no other point is at least as good in both and better in one."""
    no_worse = (minimise[None, :] <= minimise[:, None]) & (maximise[None, :] >= maximise[:, None])
    better = (minimise[None, :] < minimise[:, None]) | (maximise[None, :] > maximise[:, None])
    return np.asarray(~(no_worse & better).any(axis=1))


def compute(parameters: MethodParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``label`` (emitter), ``x`` (forget), ``y`` (retain), ``front``, ``value`` (specificity ratio)."""
    task = data[parameters.task]
    forget, retain, ratio = (task.statistic(parameters.method, slug, parameters.fidelity) for slug in (FORGET, RETAIN, RATIO))
    used = np.flatnonzero(np.isfinite(forget) & np.isfinite(retain))
    chosen = front(forget[used], retain[used])
    findings: list[Finding] = [Finding("front", float(chosen.sum()), len(used), "number of models on the Pareto front")]
    if parameters.fidelity == "corrected":
        test = group_effect(["front" if on else "rest" for on in chosen], ratio[used][None], inference, fewest=2)
        findings.append(tested("epsilon_squared", test, 0, "specificity ratio, front against rest, ratios permuted over models"))
    rows = tuple(
        {"label": task.names[i], "x": float(forget[i]), "y": float(retain[i]), "front": bool(on), "value": float(ratio[i])}
        for i, on in zip(used, chosen, strict=True)
    )
    axes = {"x": ("statistic", FORGET), "y": ("statistic", RETAIN), "value": ("statistic", RATIO)}
    return Result(with_q(findings), rows, axes)


TEMPLATE = TaskTemplate("Pareto", "Pareto", MethodParameters, compute, draw, ("pairs", "entities"))
