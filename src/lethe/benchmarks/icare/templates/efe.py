"""Embedding forgetting efficiency: does unlearning move its target more than everything else?

The specificity ratio of every emitter; the share above 1 with a bootstrap interval; Spearman's rho of the ratio with the emitter's
own clip_diff, entities permuted. ``published``: with the emitter's *average* clip_diff, although its text says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lethe.benchmarks.icare.figures.efficiency import draw
from lethe.benchmarks.icare.parameters import MethodParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.core.missing import counted
from lethe.figures.templates.result import Finding, Result, number, tested, with_q
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.entity_tests import correlate
from lethe.statistics.resampling import Inference

RATIO = "embedding_specificity_ratio"


def compute(parameters: MethodParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``label`` (emitter), ``x`` (clip_diff), ``y`` (ratio), ``series`` (method), the largest ratio first."""
    task, slug = data[parameters.task], "emitter_average_clip_diff" if parameters.fidelity == "published" else "forget_clip_diff"
    ratio = task.statistic(parameters.method, RATIO, parameters.fidelity)
    clip = task.statistic(parameters.method, slug, parameters.fidelity)
    used = np.flatnonzero(np.isfinite(ratio))
    if not used.size:
        raise MissingDataError(f"{task.task}: no emitter of '{parameters.method}' has a specificity ratio")
    above = bootstrap_mean((ratio[used] > 1).astype(float), inference.bootstrap, 1 - inference.alpha, inference.seed)
    how = "share of emitters whose own images move more than the others' on average"
    findings = [
        Finding("share_above_1", above.mean, above.n, how, number(above.low), number(above.high)),
        tested("spearman", correlate(clip, ratio[None], inference), 0, f"Spearman of ratio and {slug}, emitters permuted"),
    ]
    order = used[np.argsort(-ratio[used], kind="stable")]
    rows = tuple({"label": task.names[i], "x": float(clip[i]), "y": float(ratio[i]), "series": parameters.method} for i in order)
    axes = {"x": ("statistic", slug), "y": ("statistic", RATIO)}
    lost = {f"emitters without {name}": int(np.isnan(values).sum()) for name, values in ((RATIO, ratio), (slug, clip))}
    if parameters.fidelity == "published":  # its average is over pairs
        pairs = task.matrix(parameters.method, "clip_diff", parameters.fidelity)[np.isfinite(clip)]
        lost["pairs without clip_diff"] = int(np.isnan(pairs).sum())
    return Result(tuple(findings) if parameters.fidelity == "published" else with_q(findings), rows, axes, counted(lost))


TEMPLATE = TaskTemplate("EFE", "EmbeddingForgettingEfficiency", MethodParameters, compute, draw, ("pairs", "entities"))
