"""Drawing within strata, and what is estimated from such a draw.

*Strata* are parts of a population. Some members of every stratum are drawn, without replacement, and each member has a *probability* of being
drawn. Whoever was drawn stands for 1 / probability members: its *weight*. A mean with these weights estimates the mean of all members (the
ratio estimator of Hájek; Särndal, Swensson and Wretman 1992, ch. 5.7), and is the mean itself where all are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Members that were drawn.

    Attributes:
        members: (m,) places in the population, rising.
        stratum: (m,) the stratum of each, 0 holds the largest scores.
        probability: (m,) of being drawn, in (0, 1].
    """

    members: Integers
    stratum: Integers
    probability: Floats


def draw(scores: ArrayLike, size: int, strata: int, generator: np.random.Generator) -> Sample:
    """Draw within strata of equal size along a score, as many of each as of the others.

    Where numbers cannot be equal, the strata with the largest scores have one member more, and so have their draws.

    Args:
        scores: (n,) finite; of equal ones the first comes first.
        size: how many are drawn, ``strata`` to n.
        strata: how many strata, at least 1.
        generator: of the draw.

    Raises:
        ValueError: these do not fit together, or a score is not finite.

    Examples:
        >>> drawn = draw([0.9, 0.1, 0.8, 0.3, 0.5, 0.2], size=4, strata=2, generator=np.random.default_rng(0))
        >>> drawn.members, drawn.stratum, drawn.probability.round(2)
        (array([1, 2, 3, 4]), array([1, 0, 1, 0]), array([0.67, 0.67, 0.67, 0.67]))
    """
    values = np.asarray(scores, dtype=float)
    if not 1 <= strata <= size <= len(values):
        raise ValueError(f"{size} of {len(values)} in {strata} strata; allowed: 1 <= strata <= drawn <= population")
    if (odd := np.flatnonzero(~np.isfinite(values))).size:
        raise ValueError(f"score {odd[0]} is {values[odd[0]]}; allowed: finite")
    found = []
    for number, members in enumerate(np.array_split(np.argsort(-values, kind="stable"), strata)):
        count = size // strata + (number < size % strata)
        chosen = generator.choice(members, count, replace=False)
        found.append((chosen, np.full(count, number), np.full(count, count / len(members))))
    members, stratum, probability = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(members)
    return Sample(members[order], stratum[order], probability[order])


def weighted_mean(values: ArrayLike, weights: ArrayLike) -> float:
    """Mean with weights; values that are NaN are left out with theirs, NaN where none is left.

    Examples:
        >>> weighted_mean([1.0, 4.0, np.nan], [2, 1, 5])
        2.0
    """
    found, of = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    known = ~np.isnan(found)
    return float(np.average(found[known], weights=of[known])) if known.any() else float("nan")


def share_interval(share: float, weights: ArrayLike, population: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share, or of a mean in [0, 1], that a weighted draw tells, also where the draw has none or all.

    The interval of Clopper and Pearson for as many members as would tell as much if drawn plainly (Korn and Graubard 1998): their number is
    (sum of weights)^2 / sum of weights^2, divided by the share of the population that was not drawn.

    Args:
        share: the weighted mean. weights: of the members drawn. population: how many members there are.
        level: coverage.

    Examples:
        >>> [round(end, 3) for end in share_interval(0.0, np.full(40, 9 / 4), population=90)]
        [0.0, 0.05]
        >>> share_interval(0.5, np.ones(40), population=40)
        (0.5, 0.5)
    """
    from scipy.stats import beta

    of = np.asarray(weights, dtype=float)
    left = 1 - len(of) / population
    if left <= 0:
        return share, share
    size = of.sum() ** 2 / np.square(of).sum() / left
    hits, tail = share * size, (1 - level) / 2
    low = float(beta.ppf(tail, hits, size - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, size - hits)) if hits < size else 1.0
    return low, high


def weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """(n,) ranks that values have in the population which their weights stand for: the weight below, and half of the weight at, each.

    With weights of 1 these are average ranks less a half.

    Examples:
        >>> weighted_ranks(np.array([10.0, 30.0, 20.0, 20.0]), np.array([2.0, 1.0, 1.0, 1.0]))
        array([1. , 4.5, 3. , 3. ])
    """
    _, place = np.unique(values, return_inverse=True)
    at = np.bincount(place, weights=weights)
    return np.asarray((np.cumsum(at) - at / 2)[place])
