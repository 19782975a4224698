"""Metric-similarity alignment: is damage larger between entities that are more alike?

Over all ordered pairs of different entities: Spearman's rho of damage and similarity, one-sided Mantel test (entities permuted),
bootstrap interval over entities. ``published``: Pearson and Spearman of the raw metric, the N(N-1) pairs taken as independent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.alignment import published_alignment, similarity_of
from lethe.benchmarks.icare.figures.scatter import draw
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.result import Finding, Result, published, with_q
from lethe.statistics.association import mantel
from lethe.statistics.matrix_tests import off_diagonal
from lethe.statistics.resampling import Inference


class MetricSimilarityAlignment(PairParameters):
    """One pair metric against one similarity."""

    similarity: str = Field(description="kind of similarity")
    colour: str = Field("", description="categorical attribute of the emitter that colours the points; empty: none")


def compute(parameters: MetricSimilarityAlignment, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``emitter``, ``receiver`` (indices), ``x`` (similarity), ``y`` (metric), ``series`` (the emitter's category)."""
    task = data[parameters.task]
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    alike = task.similarity(similarity_of(parameters.similarity, parameters.method))
    used = off_diagonal(task.size) & np.isfinite(values)
    if parameters.fidelity == "published":
        found = tuple(published(published_alignment(values, alike), int(used.sum()), "pairs taken as independent, raw p"))
    else:
        test = mantel(
            task.damage(parameters.method, parameters.metric),
            alike,
            permutations=inference.permutations,
            seed=inference.seed,
            alternative="greater",
            draws=inference.bootstrap,
            alpha=inference.alpha,
        )
        how = f"Spearman of damage and similarity over {test.pairs} ordered pairs, one-sided Mantel test, entities permuted"
        found = with_q([Finding("damage_spearman", test.correlation, task.size, how, test.low, test.high, test.p_value)])
    series = task.categories(parameters.colour) if parameters.colour else [parameters.method] * task.size
    rows = tuple(
        {
            "emitter": int(i),
            "receiver": int(j),
            "x": float(alike[i, j]),
            "y": float(values[i, j]),
            "series": series[i] or "unknown",
        }
        for i, j in zip(*np.nonzero(used), strict=True)
    )
    axes = {"x": ("similarity", parameters.similarity), "y": ("metric", parameters.metric)}
    return Result(found, rows, axes, {"pairs": int(used.sum()), "floor": task.floor(parameters.metric)})


TEMPLATE = TaskTemplate("MSA", "MetricSimilarityAlignment", MetricSimilarityAlignment, compute, draw, ("pairs", "noise_floor"))
