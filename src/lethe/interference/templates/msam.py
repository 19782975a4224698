"""Metric-similarity alignment, many predictors: can the damage of a pair be predicted from what is known about its entities?

Corrected: entities are split into folds; a model is fitted on pairs of entities outside a fold and tested on pairs of entities
inside it, so no entity of a test pair was ever seen. R2 is 1 - (squared error) / (squared error of the training mean), its
interval draws entities, its p-value permutes the entities of the predictions within folds. ``published``: one random split over
pairs, which shares emitters and receivers between training and test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.interference.alignment import similarity_of
from lethe.interference.matrix_tests import off_diagonal
from lethe.interference.resampling import Inference, blocks, extreme, multiplicities, p_value, percentile_interval
from lethe.interference.templates.base import Template
from lethe.interference.templates.data import MissingDataError, TaskData
from lethe.interference.templates.pair_features import attribute_same, attribute_values, baseline_clip, emitter_values
from lethe.interference.templates.parameters import Model, Names, PairParameters
from lethe.interference.templates.result import Finding, Result, number, with_q

Floats = NDArray[np.float64]
TREES, SPLIT_SEED, TEST_SHARE, REPEATS = 20, 42, 0.3, 5


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


def entity_folds(n: int, folds: int, seed: int) -> NDArray[np.int64]:
    """(n,) fold of each entity: random, of sizes that differ by at most one, each with at least three entities."""
    count = min(folds, n // 3)
    if count < 2:
        raise MissingDataError(f"{n} entities make no two folds of three; entity-wise tests need six entities")
    return np.random.default_rng(seed).permutation(np.arange(n) % count)


def entity_splits(folds: NDArray[np.int64]) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """(training, test) masks over pairs (N, N) per fold; pairs with one entity inside the fold are in neither."""
    others, result = off_diagonal(len(folds)), []
    for fold in range(int(folds.max()) + 1):
        inside = folds == fold
        result.append((np.outer(~inside, ~inside) & others, np.outer(inside, inside) & others))
    return result


def model(regression: str) -> Callable[[], Any]:
    """A maker of the named model."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if regression == "random_forest":
        return lambda: RandomForestRegressor(n_estimators=TREES, random_state=SPLIT_SEED)
    return lambda: make_pipeline(StandardScaler(), LinearRegression())


def r_squared(actual: Floats, predicted: Floats, reference: Floats | float) -> float:
    """1 - squared error / squared error of ``reference``; NaN where the latter is 0."""
    spread = float(np.sum((actual - reference) ** 2))
    return 1 - float(np.sum((actual - predicted) ** 2)) / spread if spread > 0 else float("nan")


def compute(parameters: MetricSimilarityAlignmentMulti, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``x`` (actual), ``y`` (predicted) of the test pairs; ``notes["importance"]``: feature -> rise of the squared error."""
    task = data[parameters.task]
    found = features(parameters, task)
    x, y = np.stack(list(found.values()), axis=-1), task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    axes = {"x": ("metric", parameters.metric), "y": ("predicted", parameters.metric)}
    split = _published if parameters.fidelity == "published" else _entity_wise
    findings, actual, predicted, importance = split(parameters, x, y, inference)
    rows = tuple({"x": a, "y": b, "series": parameters.method} for a, b in zip(actual.tolist(), predicted.tolist(), strict=True))
    return Result(tuple(findings), rows, axes, {"importance": dict(zip(found, importance.tolist(), strict=True))})


Split = tuple[list[Finding] | tuple[Finding, ...], Floats, Floats, Floats]


def _entity_wise(parameters: MetricSimilarityAlignmentMulti, x: Floats, y: Floats, inference: Inference) -> Split:
    n, make = len(y), model(parameters.regression)
    folds = entity_folds(n, parameters.folds, inference.seed)
    predicted, reference = np.zeros((n, n)), np.zeros((n, n))
    train_r2, importance = [], np.zeros(x.shape[-1])
    for train, test in entity_splits(folds):
        fitted = make().fit(x[train], y[train])
        predicted[test], reference[test] = fitted.predict(x[test]), y[train].mean()
        train_r2.append(r_squared(y[train], fitted.predict(x[train]), y[train].mean()))
        importance += _importance(fitted, x[test], y[test], inference.seed) * test.sum()
    tested = np.any([test for _, test in entity_splits(folds)], axis=0)
    error, spread = np.where(tested, (y - predicted) ** 2, 0.0), np.where(tested, (y - reference) ** 2, 0.0)
    weights = multiplicities(n, inference.bootstrap, inference.seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = 1 - ((weights @ error) * weights).sum(axis=1) / ((weights @ spread) * weights).sum(axis=1)
    low, high = percentile_interval(drawn[:, None], inference.alpha)
    p = _permuted_p(np.where(tested, y, 0.0), np.where(tested, predicted, 0.0), folds, inference)
    r2 = r_squared(y[tested], predicted[tested], reference[tested])
    how = f"R2 of {int(tested.sum())} pairs of unseen entities, {int(folds.max()) + 1} folds; p: entities permuted within folds"
    rmse, pairs = float(np.sqrt(error[tested].mean())), "over pairs of unseen entities"
    findings = [
        Finding("r2_test", number(r2), n, how, number(low[0]), number(high[0]), p),
        Finding("r2_train", number(float(np.mean(train_r2))), n, "R2 of the training pairs, mean over folds"),
        Finding("rmse_test", rmse, n, f"root mean squared error {pairs}"),
        Finding("mae_test", float(np.abs(y - predicted)[tested].mean()), n, f"mean absolute error {pairs}"),
    ]
    return with_q(findings), y[tested], predicted[tested], importance / tested.sum()


def _permuted_p(actual: Floats, predicted: Floats, folds: NDArray[np.int64], inference: Inference) -> float:
    """Entities of the predictions permuted within folds; squares do not change, so the error falls as the product rises."""
    n, generator = len(folds), np.random.default_rng(inference.seed)
    orders = np.tile(np.arange(n), (inference.permutations, 1))
    for fold in np.unique(folds):
        members = np.flatnonzero(folds == fold)
        orders[:, members] = generator.permuted(np.tile(members, (inference.permutations, 1)), axis=1)
    observed, count = np.array([np.sum(actual * predicted)]), np.zeros(1, np.int64)
    inside = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    for block in blocks(len(orders), max(len(members) for members in inside) ** 2 * len(inside)):
        total = np.zeros(len(orders[block]))
        for members in inside:
            order = orders[block][:, members]
            total += np.einsum("bij,ij->b", predicted[order[:, :, None], order[:, None, :]], actual[np.ix_(members, members)])
        # every column of the sum differs by rounding alone from an equal order: give 1e-9 of its size away
        count += extreme(observed - 1e-9 * abs(observed), total[:, None], "greater")
    return float(p_value(count, inference.permutations)[0])


def _published(parameters: MetricSimilarityAlignmentMulti, x: Floats, y: Floats, inference: Inference) -> Split:
    from sklearn.model_selection import train_test_split

    used = off_diagonal(len(y))
    train, test = train_test_split(np.flatnonzero(used.ravel()), test_size=TEST_SHARE, random_state=SPLIT_SEED)
    flat, target = x.reshape(-1, x.shape[-1]), y.ravel()
    fitted = model(parameters.regression)().fit(flat[train], target[train])
    findings = []
    for name, rows in (("train", train), ("test", test)):
        a, b = target[rows], fitted.predict(flat[rows])
        how = f"{name} pairs of a random split over pairs (70/30, seed {SPLIT_SEED})"
        findings += [
            Finding(f"r2_{name}", number(r_squared(a, b, a.mean())), len(rows), how),
            Finding(f"rmse_{name}", float(np.sqrt(np.mean((a - b) ** 2))), len(rows), how),
            Finding(f"mae_{name}", float(np.abs(a - b).mean()), len(rows), how),
        ]
    predicted = fitted.predict(flat[test])
    return findings, target[test], predicted, _importance(fitted, flat[test], target[test], inference.seed)


def _importance(fitted: Any, x: Floats, y: Floats, seed: int) -> Floats:
    """Rise of the mean squared error when a feature is shuffled among the pairs (Breiman 2001), mean of some shuffles."""
    generator = np.random.default_rng(seed)
    before = np.mean((y - fitted.predict(x)) ** 2)
    result = np.zeros(x.shape[-1])
    for feature in range(x.shape[-1]):
        for _ in range(REPEATS):
            shuffled = x.copy()
            shuffled[:, feature] = generator.permutation(x[:, feature])
            result[feature] += np.mean((y - fitted.predict(shuffled)) ** 2) - before
    return result / REPEATS


TEMPLATE = Template(
    "MSAM", "MetricSimilarityAlignmentMulti", MetricSimilarityAlignmentMulti, compute, ("pairs", "entities", "baseline")
)
