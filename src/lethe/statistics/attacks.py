"""How well a score tells two kinds apart: what every attack of membership inference is measured by.

*Positives* are what the attacker looks for (members, forgotten samples), *negatives* the others; a higher score says positive. The area
under the ROC curve is the share of pairs (positive, negative) in which the positive has the higher score, ties counting half (Mann and
Whitney 1947). So the area of a bootstrap draw is a weighting of the rows and columns of one matrix of pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9  # of a rate times a number

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def auc(positives: Floats, negatives: Floats) -> float:
    """Area under the ROC curve, in [0, 1]; 0.5: nothing to be told apart.

    NaN if one of the two is empty, or a score is not finite.

    Examples:
        >>> auc(np.array([0.9, 0.7, 0.4, 0.2]), np.array([0.5, 0.3, 0.1, 0.1]))
        0.8125
    """
    if not len(positives) or not len(negatives) or not np.isfinite([positives.sum(), negatives.sum()]).all():
        return math.nan
    return float(_below(np.sort(negatives), positives).sum() / (len(positives) * len(negatives)))


def auc_interval(positives: Floats, negatives: Floats, draws: int, level: float, seed: int) -> tuple[float, float]:
    """Percentile bootstrap of ``auc``: positives and negatives are drawn anew, each among themselves.

    NaN where either kind has fewer than two scores or one that is not finite.

    Examples:
        >>> low, high = auc_interval(np.arange(20) + 5.0, np.arange(20.0), draws=999, level=0.95, seed=0)
        >>> round(low, 2), round(high, 2)
        (0.56, 0.85)
    """
    m, n = len(positives), len(negatives)
    if min(m, n) < 2 or not np.isfinite([positives.sum(), negatives.sum()]).all():
        return math.nan, math.nan
    generator = np.random.default_rng(seed)
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    rows, columns = (generator.multinomial(k, np.full(k, 1 / k), size=draws) / k for k in (m, n))
    low, high = np.percentile(((rows @ wins) * columns).sum(axis=1), [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


@dataclass(frozen=True)
class Measured:
    """A quantity of an attack, and the influence value of every score.

    Attributes:
        value: the quantity.
        positives, negatives: (m,) and (n,), so that the error of ``value`` is about the sum of their two means (which are 0 here).
    """

    value: float
    positives: Floats
    negatives: Floats


def accuracy_influence(positives: Mask, negatives: Mask) -> Measured:
    """Mean of both kinds' share of right decisions.

    Args:
        positives, negatives: whether a positive, a negative was rightly decided; none may be empty.

    Examples:
        >>> accuracy_influence(np.array([True, True]), np.array([True, False]))
        Measured(value=0.75, positives=array([0., 0.]), negatives=array([ 0.25, -0.25]))
    """
    shares = positives.mean(), negatives.mean()
    of_kinds = ((right - share) / 2 for right, share in zip((positives, negatives), shares, strict=True))
    return Measured(float(sum(shares) / 2), *of_kinds)


def auc_influence(positives: Floats, negatives: Floats) -> Measured:
    """The area under the ROC curve by placement values (DeLong, DeLong, Clarke-Pearson 1988): of a positive the share of negatives below it.

    Examples:
        >>> found = auc_influence(np.array([3.0, 2.0]), np.array([1.0, 2.5]))
        >>> found.value, found.positives
        (0.75, array([ 0.25, -0.25]))
    """
    placed = _below(np.sort(negatives), positives) / len(negatives)
    above = 1 - _below(np.sort(positives), negatives) / len(positives)
    area = float(placed.mean())
    return Measured(area, placed - area, above - area)


class Thresholds:
    """True-positive rates at chosen false-positive rates, with influence values; both kinds are sorted once."""

    def __init__(self, positives: Floats, negatives: Floats) -> None:
        self._positives, self._negatives = positives, negatives
        self._found, self._passed = np.sort(positives), np.sort(negatives)

    def at(self, fpr: float) -> Measured:
        """The largest true-positive rate at a false-positive rate of at most ``fpr``, in [0, 1).

        The threshold is estimated too: a negative above it moves it, by the ratio of both kinds' densities there. This ratio is counted between
        the negatives half and one and a half times as many as lie above the threshold, at least five to each side.
        """
        number = len(self._passed)
        allowed = math.floor(fpr * number + _ROUNDING)
        threshold = self._passed[number - 1 - allowed]
        reach = max(5, allowed // 2)
        ends = self._passed[[max(0, number - 1 - allowed - reach), min(number - 1, number - 1 - allowed + reach)]]
        near = [np.searchsorted(kind, ends[1], "right") - np.searchsorted(kind, ends[0]) for kind in (self._found, self._passed)]
        hits, alarms = self._positives > threshold, self._negatives > threshold
        ratio = near[0] * number / (near[1] * len(self._found))
        return Measured(float(hits.mean()), hits - hits.mean(), ratio * (alarms.mean() - alarms))


def roc(positives: Floats, negatives: Floats, fpr: Floats) -> Floats:
    """True-positive rate at each false-positive rate of ``fpr``, the largest that it allows.

    Examples:
        >>> roc(np.array([0.9, 0.7, 0.4]), np.array([0.5, 0.3, 0.1]), fpr=np.array([0.0, 0.5, 1.0]))
        array([0.66666667, 1.        , 1.        ])
    """
    p, n = np.sort(positives), np.sort(negatives)
    passed = np.floor(fpr * len(n) + _ROUNDING).astype(int)  # negatives that may be called positive
    threshold = np.where(passed < len(n), n[::-1][np.minimum(passed, len(n) - 1)], -np.inf)
    return 1 - np.searchsorted(p, threshold, side="right") / len(p)


def _below(ascending: Floats, scores: Floats) -> Floats:
    """How many of ``ascending`` lie below each score, ties half."""
    left, right = (np.searchsorted(ascending, scores, side=side) for side in ("left", "right"))
    return np.multiply(0.5, left + right, dtype=np.float64)
