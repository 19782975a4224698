"""Interference matrix: a pair metric for every emitter and receiver, emitters without a model left empty."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lethe.benchmarks.icare.figures.matrix import draw_interference
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.missing import mean
from lethe.figures.templates.result import Finding, Result, number
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.resampling import Inference


def compute(parameters: PairParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``emitter``, ``receiver`` (indices), ``value``; findings: mean of what is unlearned, mean of what is not."""
    task = data[parameters.task]
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    others = np.where(np.eye(task.size, dtype=bool), np.nan, values)
    present = np.isfinite(others).any(axis=1)
    means = np.array([mean(row) for row in others])
    findings = []
    for name, per_emitter in (("diagonal", np.diagonal(values)), ("off_diagonal", means)):
        found = bootstrap_mean(per_emitter, inference.bootstrap, 1 - inference.alpha, inference.seed)
        how = "mean over emitters, emitters drawn with replacement"
        findings.append(Finding(f"mean_{name}", number(found.mean), found.n, how, number(found.low), number(found.high)))
    rows = tuple(
        {"emitter": int(i), "receiver": int(j), "value": float(values[i, j])}
        for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True)
    )
    lost = int(np.isnan(values[present]).sum())  # of models that exist
    notes = {
        "names": task.names,
        "emitters_missing": int((~present).sum()),
        "pairs_left_out": lost,
        "floor": task.floor(parameters.metric),
    }
    return Result(tuple(findings), rows, {"value": ("metric", parameters.metric)}, notes)


TEMPLATE = TaskTemplate(
    "IM", "InterferenceMatrix", PairParameters, compute, draw_interference, ("pairs", "noise_floor"), any_method=True
)
