"""Metric-similarity alignment, many predictors: can the damage of a pair be predicted from what is known about its entities?

Corrected: entities are split into folds; a model is fitted on pairs of entities outside a fold and tested on pairs of entities
inside it, so no entity of a test pair was ever seen. R2 is 1 - (squared error) / (squared error of the training mean), its
interval draws entities, its p-value permutes the entities of the predictions within folds. ``published``: one random split over
pairs, which shares emitters and receivers between training and test. Entities without all predictors and pairs without a value are
left out and counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.benchmarks.icare.figures.scatter import draw_prediction
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.benchmarks.icare.templates.pair_features import (
    attribute_same,
    attribute_values,
    baseline_clip,
    emitter_values,
    predictable,
)
from lethe.benchmarks.icare.templates.pair_regression import Model, entity_wise, over_pairs
from lethe.core.missing import counted
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Result
from lethe.statistics.matrix_tests import off_diagonal
from lethe.statistics.resampling import Inference

Floats = NDArray[np.float64]


class MetricSimilarityAlignmentMulti(PairParameters):
    """A pair metric from similarities and attributes."""

    similarities: Names = Field(description="kinds of similarity that predict")
    attribute_same: bool = Field(True, description="predict from whether emitter and receiver share each balanced attribute")
    attribute_value: bool = Field(True, description="predict from the balanced attributes of emitter and receiver")
    forget_quality: bool = Field(True, description="predict from the emitter's forget_clip_diff")
    baseline_quality: bool = Field(False, description="predict from the CLIP score of the emitter's off images")
    regression: Model = Field("linear_regression", description="what is fitted")
    folds: int = Field(5, ge=2, description="folds of entities, at most a third of their number")


def features(parameters: MetricSimilarityAlignmentMulti, task: TaskData) -> dict[str, Floats]:
    """Name -> (N, N) predictor."""
    result = {kind: task.similarity(similarity_of(kind, parameters.method)) for kind in parameters.similarities}
    if parameters.attribute_same:
        result |= attribute_same(task, task.balance)
    if parameters.attribute_value:
        result |= attribute_values(task, task.balance)
    if parameters.forget_quality:
        result |= emitter_values("emitter forget clip diff", task.statistic(parameters.method, "forget_clip_diff"))
    if parameters.baseline_quality:
        result |= emitter_values("emitter baseline clip", baseline_clip(task))
    return result


def compute(parameters: MetricSimilarityAlignmentMulti, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``x`` (actual), ``y`` (predicted) of the test pairs; ``notes["importance"]``: feature -> rise of the squared error."""
    task = data[parameters.task]
    found = features(parameters, task)
    x, y = np.stack(list(found.values()), axis=-1), task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    kept = predictable(x)
    x, y = x[np.ix_(kept, kept)], y[np.ix_(kept, kept)]
    lost = {
        "entities without a predictor": int((~kept).sum()),
        f"pairs without {parameters.metric}": int(np.isnan(y[off_diagonal(len(y))]).sum()),
    }
    if not np.isfinite(y[off_diagonal(len(y))]).any():
        said = ", ".join(f"{count} {what}" for what, count in lost.items() if count)
        raise MissingDataError(f"{task.task}, {parameters.method}: no pair is left; left out are {said}")
    axes = {"x": ("metric", parameters.metric), "y": ("predicted", parameters.metric)}
    if parameters.fidelity == "published":
        findings, actual, predicted, importance = over_pairs(parameters.regression, x, y, inference)
    else:
        findings, actual, predicted, importance = entity_wise(parameters.regression, parameters.folds, x, y, inference)
    rows = tuple({"x": a, "y": b, "series": parameters.method} for a, b in zip(actual.tolist(), predicted.tolist(), strict=True))
    return Result(findings, rows, axes, {"importance": dict(zip(found, importance.tolist(), strict=True))} | counted(lost))


TEMPLATE = TaskTemplate(
    "MSAM",
    "MetricSimilarityAlignmentMulti",
    MetricSimilarityAlignmentMulti,
    compute,
    draw_prediction,
    ("pairs", "entities", "baseline"),
)
