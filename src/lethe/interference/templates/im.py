"""Interference matrix: a pair metric for every emitter and receiver, emitters without a model left empty."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lethe.interference.resampling import Inference
from lethe.interference.statistics import bootstrap_mean
from lethe.interference.templates.base import Template
from lethe.interference.templates.data import TaskData
from lethe.interference.templates.parameters import PairParameters
from lethe.interference.templates.result import Finding, Result, number


def compute(parameters: PairParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``emitter``, ``receiver`` (indices), ``value``; findings: mean of what is unlearned, mean of what is not."""
    task = data[parameters.task]
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    others = np.where(np.eye(task.size, dtype=bool), np.nan, values)
    present = np.isfinite(others).any(axis=1)
    means = np.full(task.size, np.nan)
    means[present] = np.nanmean(others[present], axis=1)
    findings = []
    for name, per_emitter in (("diagonal", np.diagonal(values)), ("off_diagonal", means)):
        mean = bootstrap_mean(per_emitter, inference.bootstrap, 1 - inference.alpha, inference.seed)
        how = "mean over emitters, emitters drawn with replacement"
        findings.append(Finding(f"mean_{name}", number(mean.mean), mean.n, how, number(mean.low), number(mean.high)))
    rows = tuple(
        {"emitter": int(i), "receiver": int(j), "value": float(values[i, j])}
        for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True)
    )
    notes = {"names": task.names, "emitters_missing": int((~present).sum())}
    return Result(tuple(findings), rows, {"value": ("metric", parameters.metric)}, notes)


TEMPLATE = Template("IM", "InterferenceMatrix", PairParameters, compute, any_method=True)
