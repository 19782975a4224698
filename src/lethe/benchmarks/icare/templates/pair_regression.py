"""Regressions of pairs, tested on entities that were never seen: the computation behind MSAM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.templates.data import MissingDataError
from lethe.figures.templates.result import Finding, number, with_q
from lethe.statistics.matrix_tests import off_diagonal
from lethe.statistics.resampling import Inference, blocks, extreme, multiplicities, p_value, percentile_interval

Floats = NDArray[np.float64]
Model = Literal["linear_regression", "random_forest"]
TREES, SPLIT_SEED, TEST_SHARE, REPEATS = 20, 42, 0.3, 5


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


Split = tuple[tuple[Finding, ...], Floats, Floats, Floats]
"""Findings, actual and predicted values of the test pairs, rise of the error per feature."""


def entity_wise(regression: Model, count: int, x: Floats, y: Floats, inference: Inference) -> Split:
    """Fit on pairs of entities outside a fold, test on pairs inside it.

    Args:
        regression: what is fitted.
        count: folds of entities, at most.
        x: (N, N, features) of the pairs.
        y: (N, N) to be predicted; pairs without a value (NaN) are left out.
        inference: permutations, draws, level.
    """
    n, make = len(y), model(regression)
    folds = entity_folds(n, count, inference.seed)
    predicted, reference = np.zeros((n, n)), np.zeros((n, n))
    train_r2, importance = [], np.zeros(x.shape[-1])
    known, tested = np.isfinite(y), np.zeros((n, n), dtype=bool)
    for train, asked in entity_splits(folds):
        train, test = train & known, asked & known
        if not (train.any() and test.any()):
            raise MissingDataError(f"{int((known & off_diagonal(n)).sum())} of {n * (n - 1)} pairs have a value; a fold has none")
        fitted = make().fit(x[train], y[train])
        predicted[asked], reference[asked] = fitted.predict(x[asked]), y[train].mean()
        train_r2.append(r_squared(y[train], fitted.predict(x[train]), y[train].mean()))
        importance += _importance(fitted, x[test], y[test], inference.seed) * test.sum()
        tested |= test
    error, spread = np.where(tested, (y - predicted) ** 2, 0.0), np.where(tested, (y - reference) ** 2, 0.0)
    weights = multiplicities(n, inference.bootstrap, inference.seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = 1 - ((weights @ error) * weights).sum(axis=1) / ((weights @ spread) * weights).sum(axis=1)
    low, high = percentile_interval(drawn[:, None], inference.alpha)
    p = permuted_p(y, predicted, tested, folds, inference)
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


def permuted_p(
    actual: Floats, predicted: Floats, used: NDArray[np.bool_], folds: NDArray[np.int64], inference: Inference
) -> float:
    """p of the squared error over pairs when the entities of the predictions are permuted within folds.

    With all pairs of a fold the squares do not change, so the error falls as the product rises; where some pairs have no actual
    value, other predictions fall on the rest, and half their squares are taken away.

    Args:
        actual: (N, N); read where ``used``.
        predicted: (N, N), known for every two different entities of a fold; 0 elsewhere off the folds.
        used: (N, N) the pairs that have an actual value, all within folds, none of an entity with itself.
        folds: (N,) fold of each entity.
        inference: permutations.
    """
    inside = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    whole = int(used.sum()) == sum(len(members) * (len(members) - 1) for members in inside)
    actual, predicted = np.where(used, actual, 0.0), np.where(off_diagonal(len(folds)), predicted, 0.0)
    n, generator = len(folds), np.random.default_rng(inference.seed)
    orders = np.tile(np.arange(n), (inference.permutations, 1))
    for members in inside:
        orders[:, members] = generator.permuted(np.tile(members, (inference.permutations, 1)), axis=1)
    squares = 0.0 if whole else 0.5 * np.sum(predicted[used] ** 2)
    observed, count = np.array([np.sum(actual * predicted)]) - squares, np.zeros(1, np.int64)
    for block in blocks(len(orders), max(len(members) for members in inside) ** 2 * len(inside)):
        total = np.zeros(len(orders[block]))
        for members in inside:
            order = orders[block][:, members]
            drawn, cells = predicted[order[:, :, None], order[:, None, :]], np.ix_(members, members)
            total += np.einsum("bij,ij->b", drawn, actual[cells])
            if not whole:
                total -= 0.5 * np.einsum("bij,ij->b", drawn**2, used[cells].astype(float))
        # every column of the sum differs by rounding alone from an equal order: give 1e-9 of its size away
        count += extreme(observed - 1e-9 * abs(observed), total[:, None], "greater")
    return float(p_value(count, inference.permutations)[0])


def over_pairs(regression: Model, x: Floats, y: Floats, inference: Inference) -> Split:
    """The reference's: one random split over the pairs that have a value, which share emitters and receivers between the parts."""
    from sklearn.model_selection import train_test_split

    used = off_diagonal(len(y)) & np.isfinite(y)
    train, test = train_test_split(np.flatnonzero(used.ravel()), test_size=TEST_SHARE, random_state=SPLIT_SEED)
    flat, target = x.reshape(-1, x.shape[-1]), y.ravel()
    fitted = model(regression)().fit(flat[train], target[train])
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
    return tuple(findings), target[test], predicted, _importance(fitted, flat[test], target[test], inference.seed)


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
