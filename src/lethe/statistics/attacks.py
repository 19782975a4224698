"""How well a score tells two kinds apart: what every attack of membership inference is measured by.

*Positives* are what the attacker looks for (members, forgotten samples), *negatives* the others; a higher score says positive. The area
under the ROC curve is the share of pairs (positive, negative) in which the positive has the higher score, ties counting half (Mann and
Whitney 1947). So the area of a bootstrap draw is a weighting of the rows and columns of one matrix of pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 24  # entries of one block of the bootstrap; bounds memory at some 130 MB

Floats = NDArray[np.float64]


def auc(positives: Floats, negatives: Floats) -> float:
    """Area under the ROC curve, in [0, 1]; 0.5: nothing to be told apart.

    NaN if one of the two is empty, or a score is not finite.
    """
    if not len(positives) or not len(negatives) or not np.isfinite([positives.sum(), negatives.sum()]).all():
        return math.nan
    return float(_below(np.sort(negatives), positives).sum() / (len(positives) * len(negatives)))


def auc_interval(positives: Floats, negatives: Floats, draws: int, level: float, seed: int) -> tuple[float, float]:
    """Percentile bootstrap of ``auc``: positives and negatives are drawn anew, each among themselves.

    NaN where either kind has fewer than two scores or one that is not finite.
    """
    m, n = len(positives), len(negatives)
    if min(m, n) < 2 or not np.isfinite([positives.sum(), negatives.sum()]).all():
        return math.nan, math.nan
    generator = np.random.default_rng(seed)
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    rows, columns = (generator.multinomial(k, np.full(k, 1 / k), size=draws) / k for k in (m, n))
    return finite_interval(weighted_wins(wins, rows, columns), level)


def group_wins(positives: Sequence[Floats], negatives: Sequence[Floats]) -> Floats:
    """Pairs won between groups, (S, T): of a positive of group s and a negative of group t, ties half."""
    scores = np.concatenate(positives)
    owner = np.repeat(np.arange(len(positives)), [len(part) for part in positives])
    order = scores.argsort()  # sorted queries are several times faster
    scores, owner = scores[order], owner[order]
    wins = np.zeros((len(positives), len(negatives)))
    for t, part in enumerate(map(np.sort, negatives)):
        wins[:, t] = np.bincount(owner, weights=_below(part, scores), minlength=len(positives))
    return wins


def weighted_wins(wins: Floats, rows: Floats, columns: Floats) -> Floats:
    """Pairs won in every draw, (draws,), from pairs won (S, T) and how often each row (draws, S) and column (draws, T) is drawn."""
    return ((rows @ wins) * columns).sum(axis=1)


def true_positive_rates(positives: Sequence[Floats], negatives: Sequence[Floats], weights: Floats, fpr: float) -> Floats:
    """Largest true-positive rate at a false-positive rate of at most ``fpr``, for every draw.

    Args:
        positives, negatives: scores per group, S of each.
        weights: (draws, S), how often a draw holds a group.
        fpr: in [0, 1].

    Returns:
        (draws,); NaN where a draw has no positive.
    """
    scores = np.concatenate(negatives)
    owner = np.repeat(np.arange(len(negatives)), [len(part) for part in negatives])
    order = (-scores).argsort(kind="stable")
    scores, owner = scores[order], owner[order]
    number = np.array([len(part) for part in negatives], dtype=float)
    threshold = np.empty(len(weights))
    step = max(1, _BLOCK // len(scores))
    for start in range(0, len(weights), step):
        block = weights[start : start + step]
        above = block[:, owner].cumsum(axis=1) > fpr * (block @ number)[:, None] + 1e-9
        # the first negative that would be one too many: only scores strictly above it are called positive
        threshold[start : start + step] = np.where(above.any(axis=1), scores[above.argmax(axis=1)], math.inf)
    found = np.stack([len(part) - np.searchsorted(np.sort(part), threshold, side="right") for part in positives], axis=1)
    return ratio((found * weights).sum(1), weights @ np.array([len(part) for part in positives], dtype=float))


def roc(positives: Floats, negatives: Floats, fpr: Floats) -> Floats:
    """True-positive rate at each false-positive rate of ``fpr``, the largest that it allows."""
    p, n = np.sort(positives), np.sort(negatives)
    passed = np.floor(fpr * len(n) + 1e-9).astype(int)  # negatives that may be called positive
    threshold = np.where(passed < len(n), n[::-1][np.minimum(passed, len(n) - 1)], -np.inf)
    return 1 - np.searchsorted(p, threshold, side="right") / len(p)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise; NaN where the denominator is not positive."""
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)


def finite_interval(values: Floats, level: float) -> tuple[float, float]:
    """Percentile interval of the finite values of a bootstrap; NaN without one."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return math.nan, math.nan
    low, high = np.percentile(finite, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def _below(ascending: Floats, scores: Floats) -> Floats:
    """How many of ``ascending`` lie below each score, ties half."""
    left, right = (np.searchsorted(ascending, scores, side=side) for side in ("left", "right"))
    return np.multiply(0.5, left + right, dtype=np.float64)
