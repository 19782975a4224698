"""Tests of one value per entity: against a number, against groups, against the same entities under another method.

Many values are tested at once and share their draws. A rank is taken once in the full sample, not in every bootstrap draw.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lethe.statistics.resampling import (
    Alternative,
    Floats,
    Inference,
    blocks,
    extreme,
    multiplicities,
    p_value,
    percentile_interval,
    random_orders,
    ranks,
)


@dataclass(frozen=True)
class Tested:
    """Results of m tests, each (m,); NaN where a test was not possible (fewer than 4 entities, or constant values).

    Attributes:
        effect: size of the effect.
        low, high: bootstrap interval of it over entities.
        p: permutation p-value.
        n: entities used.
    """

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    n: NDArray[np.int64]

    @classmethod
    def empty(cls, size: int) -> Tested:
        """``size`` tests without a result."""
        effect, low, high, p = np.full((4, size), np.nan)
        return cls(effect, low, high, p, np.zeros(size, np.int64))


FEWEST = 4  # entities; fewer have no more than six orders


def correlate(
    x: Floats, values: Floats, inference: Inference, alternative: Alternative = "two-sided", rank: bool = True
) -> Tested:
    """Spearman's rho (``rank``) or Pearson's r of one number per entity with m others, tested by permuting entities.

    Args:
        x: (n,); NaN is left out.
        values: (m, n); NaN is left out, each row for itself.
        inference: permutations, draws, level.
        alternative: which correlations count as extreme.
        rank: rank or linear correlation.

    Examples:
        >>> size, harm = np.arange(8.0), np.array([[1, 2, 3, 5, 4, 6, 8, 7], [3, 1, 4, 1, 5, 9, 2, 6.0]])
        >>> found = correlate(size, harm, Inference(permutations=999))
        >>> found.effect.round(2), found.p.round(3)
        (array([0.95, 0.5 ]), array([0.002, 0.208]))
    """
    result = Tested.empty(len(values))
    for rows, used in patterns(values, np.isfinite(x)):
        n = int(used.sum())
        result.n[rows] = n
        if n < FEWEST:
            continue
        a, b = x[used], values[rows][:, used]
        rows = rows[varied := np.ptp(b, axis=1) > 0]
        if np.ptp(a) == 0 or not len(rows):
            continue
        b = b[varied]
        if rank:
            a, b = ranks(a), ranks(b, axis=1)
        a, b = _standardized(a), _standardized(b)
        observed = b @ a / n
        orders = random_orders(n, inference.permutations, inference.seed)
        counts = sum(extreme(observed, a[orders[block]] @ b.T / n, alternative) for block in blocks(len(orders), n + len(b)))
        result.effect[rows] = np.clip(observed, -1, 1)
        result.p[rows] = p_value(np.asarray(counts), inference.permutations)
        if inference.bootstrap:
            weights = multiplicities(n, inference.bootstrap, inference.seed)
            result.low[rows], result.high[rows] = percentile_interval(_weighted_correlation(weights, a, b), inference.alpha)
    return result


def _weighted_correlation(weights: Floats, a: Floats, b: Floats) -> Floats:
    """(draws, m) correlations of a (n,) with b (m, n) under counts (draws, n)."""
    n = len(a)
    mean_a, mean_b = weights @ a / n, weights @ b.T / n
    spread_a = weights @ (a * a) / n - mean_a**2
    spread_b = weights @ (b * b).T / n - mean_b**2
    product = weights @ (b * a).T / n - mean_a[:, None] * mean_b
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = spread_a[:, None] * spread_b
        return np.where(spread > 1e-12, product / np.sqrt(np.abs(spread)), np.nan)


def group_effect(groups: Sequence[Hashable], values: Floats, inference: Inference, fewest: int = 1) -> Tested:
    """Do groups of entities differ? Kruskal and Wallis' H, tested by permuting the labels.

    The effect is epsilon squared = H / (n - 1): the share of the ranks' variance that lies between groups, in [0, 1]; without
    any effect it is about (groups - 1) / (n - 1), not 0. Intervals draw entities within their groups.

    Args:
        groups: n labels; None is left out.
        values: (m, n); NaN is left out, each row for itself.
        inference: permutations, draws, level.
        fewest: entities that each group must have; a row with a smaller group is not tested.

    Examples:
        >>> found = group_effect(["cat", "cat", "cat", "dog", "dog", "dog"], np.array([[1, 2, 3, 7, 8, 9.0]]), Inference(permutations=999))
        >>> found.effect.round(2), found.p.round(2)
        (array([0.77]), array([0.1]))
    """
    known = np.array([label is not None for label in groups])
    result = Tested.empty(len(values))
    for rows, used in patterns(values, known):
        labels = [str(label) for label, wanted in zip(groups, used, strict=True) if wanted]
        names = sorted(set(labels))
        member = np.array([[label == name for name in names] for label in labels], dtype=np.float64)
        n = int(used.sum())
        result.n[rows] = n
        if len(names) < 2 or n < FEWEST or (sizes := member.sum(axis=0)).min() < fewest:
            continue
        rows = rows[np.ptp(values[rows][:, used], axis=1) > 0]
        if not len(rows):
            continue
        scores = _standardized(ranks(values[rows][:, used], axis=1))
        observed = _between(scores @ member, sizes, n)
        orders = random_orders(n, inference.permutations, inference.seed)
        counts = np.zeros(len(rows), np.int64)
        for block in blocks(len(orders), n * len(names) * len(rows)):
            sums = scores @ member[orders[block]]  # (draws, m, groups)
            counts += extreme(observed, _between(sums, sizes, n), "greater")
        result.effect[rows] = observed
        result.p[rows] = p_value(counts, inference.permutations)
        if inference.bootstrap:
            result.low[rows], result.high[rows] = percentile_interval(_drawn_effects(scores, member, inference), inference.alpha)
    return result


def _between(sums: Floats, sizes: Floats, n: int) -> Floats:
    """Share of variance between groups, from sums (..., groups) of values with mean 0 and variance 1."""
    return np.asarray((sums**2 / sizes).sum(axis=-1) / n)


def _drawn_effects(scores: Floats, member: Floats, inference: Inference) -> Floats:
    """(draws, m) shares of variance, entities drawn within their groups."""
    n, sizes = len(member), member.sum(axis=0)
    total = square = between = np.zeros((inference.bootstrap, len(scores)))
    for column, size in zip(member.T.astype(bool), sizes, strict=True):
        weights = multiplicities(int(size), inference.bootstrap, inference.seed)
        own = weights @ scores[:, column].T
        total, between = total + own, between + own**2 / size
        square = square + weights @ (scores[:, column] ** 2).T
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = square - total**2 / n
        return np.where(spread > 1e-12, (between - total**2 / n) / spread, np.nan)


def paired_difference(first: Floats, second: Floats, inference: Inference) -> Tested:
    """Mean difference of two values of the same entities, tested by exchanging the two within entities (sign flips).

    Examples:
        >>> found = paired_difference(np.array([3, 4, 5, 6, 7.0]), np.array([1, 3, 4, 4, 5.0]), Inference(permutations=999))
        >>> found.effect, found.p.round(2), found.n
        (array([1.6]), array([0.06]), array([5]))
    """
    difference = first - second
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    if n < FEWEST:
        return Tested.empty(1)
    signs = np.random.default_rng(inference.seed).choice([-1.0, 1.0], size=(inference.permutations, n))
    observed = np.array([difference.mean()])
    count = extreme(observed, (signs @ difference / n)[:, None], "two-sided")
    weights = multiplicities(n, inference.bootstrap, inference.seed)
    low, high = percentile_interval((weights @ difference / n)[:, None], inference.alpha)
    return Tested(observed, low, high, p_value(count, inference.permutations), np.array([n]))


def patterns(values: Floats, known: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Rows that have values at the same entities, and those entities.

    Examples:
        >>> values = np.array([[1, np.nan, 3], [4, 5, 6], [7, np.nan, 9]])
        >>> [(rows.tolist(), used.tolist()) for rows, used in patterns(values, np.ones(3, bool))]
        [([0, 2], [True, False, True]), ([1], [True, True, True])]
    """
    masks = np.isfinite(values) & known
    patterns, which = np.unique(masks, axis=0, return_inverse=True)
    for number, used in enumerate(patterns):
        yield np.flatnonzero(which.ravel() == number), used


def _standardized(values: Floats) -> Floats:
    """Mean 0 and variance 1 along the last axis."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True)))
