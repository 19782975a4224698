"""Whom the entities of one category harm: the test behind SRCD.

Statistic and effect: epsilon squared of the receivers' ranks. The category is permuted over entities, so that it moves as emitter
and as receiver; intervals draw entities within categories.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lethe.figures.templates.result import Finding, number
from lethe.statistics.resampling import (
    Inference,
    blocks,
    extreme,
    multiplicities,
    p_value,
    percentile_interval,
    random_orders,
    ranks,
)

Floats = NDArray[np.float64]


def received(values: Floats, emitters: Floats, exclude_diagonal: bool) -> Floats:
    """(draws, N) mean over emitters at each receiver.

    Args:
        values: (N, N) pair metric; NaN is left out.
        emitters: (draws, N) weights of the emitters.
        exclude_diagonal: leave out an emitter's own value.
    """
    used = np.isfinite(values) & ~(np.eye(len(values), dtype=bool) & exclude_diagonal)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((emitters @ np.where(used, values, 0.0)) / (emitters @ used.astype(float)))


def epsilon_squared(values: Floats, codes: NDArray[np.int64], weights: Floats) -> Floats:
    """(draws,) share of the ranks' variance between categories; codes (draws, N), -1 = left out, weights (draws, N)."""
    used = np.isfinite(values) & (codes >= 0)
    scores = ranks(np.where(used, values, np.inf), axis=1)  # what is left out takes the last ranks
    weights = np.where(used, weights, 0.0)
    total, mean = weights.sum(axis=1), (weights * scores).sum(axis=1) / weights.sum(axis=1)
    between = np.zeros(len(values))
    for code in range(int(codes.max()) + 1):
        own = weights * (codes == code)
        size = own.sum(axis=1)
        between += np.divide((own * scores).sum(axis=1) ** 2, size, out=np.zeros(len(values)), where=size > 0)
    spread = (weights * scores**2).sum(axis=1) - total * mean**2
    return np.divide(between - total * mean**2, spread, out=np.full(len(values), np.nan), where=spread > 1e-12)


def directional(
    values: Floats, codes: NDArray[np.int64], source: int, inference: Inference, exclude_diagonal: bool
) -> tuple[Finding, Finding]:
    """The tested effect and the difference of the source's own category to the others.

    Args:
        values: (N, N) pair metric.
        codes: (N,) category of each entity, -1 = none.
        source: category of the emitters.
        inference: permutations, draws, level.
        exclude_diagonal: see ``received``.
    """
    n, known = len(codes), np.flatnonzero(codes >= 0)
    one = np.ones((1, n))

    def effect(drawn: NDArray[np.int64], weights: Floats) -> Floats:
        return epsilon_squared(received(values, weights * (drawn == source), exclude_diagonal), drawn, weights)

    observed, count = effect(codes[None], one), np.zeros(1, np.int64)
    orders = random_orders(len(known), inference.permutations, inference.seed)
    for block in blocks(len(orders), n * 8):
        drawn = np.tile(codes, (len(orders[block]), 1))
        drawn[:, known] = codes[known][orders[block]]
        count += extreme(observed, effect(drawn, np.ones(drawn.shape))[:, None], "greater")
    weights = np.zeros((inference.bootstrap, n))
    for code in np.unique(codes[known]):
        members = np.flatnonzero(codes == code)
        weights[:, members] = multiplicities(len(members), inference.bootstrap, inference.seed + int(code))
    tiled = np.tile(codes, (inference.bootstrap, 1))
    effects = percentile_interval(effect(tiled, weights)[:, None], inference.alpha)
    differences = percentile_interval(_difference(values, tiled, source, weights, exclude_diagonal)[:, None], inference.alpha)
    low, high, p = number(effects[0][0]), number(effects[1][0]), float(p_value(count, inference.permutations)[0])
    how = "epsilon squared over receivers; the attribute permuted over entities, as emitters and as receivers"
    found = Finding("epsilon_squared", number(observed[0]), len(known), how, low, high, p)
    value = _difference(values, codes[None], source, one, exclude_diagonal)[0]
    low, high = number(differences[0][0]), number(differences[1][0])
    how = "mean of the metric at receivers of the source's category minus at the others; entities drawn within categories"
    return found, Finding("difference", number(value), len(known), how, low, high)


def _difference(values: Floats, codes: NDArray[np.int64], source: int, weights: Floats, exclude_diagonal: bool) -> Floats:
    at = received(values, weights * (codes == source), exclude_diagonal)
    used = np.isfinite(at) & (codes >= 0)
    at = np.where(used, at, 0.0)
    own, other = weights * (used & (codes == source)), weights * (used & (codes != source))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((own * at).sum(axis=1) / own.sum(axis=1) - (other * at).sum(axis=1) / other.sum(axis=1))
