"""Drawing entities: permutations for tests, multiplicities for intervals, one family of tests for q-values.

Everything here works on blocks of draws at once. A bootstrap draw of N entities is a vector of N counts, so a weighted mean
over the pairs of the drawn entities is the bilinear form w' X w: no draw ever copies a matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Alternative = Literal["two-sided", "greater", "less"]
CHUNK = 1 << 20  # numbers per block of draws: 8 MB, near the size of a cache
ALTERNATIVES = ("two-sided", "greater", "less")


@dataclass(frozen=True)
class Inference:
    """How uncertainty is told.

    Attributes:
        permutations: of entities per test.
        bootstrap: draws of entities per interval.
        alpha: level of tests; intervals cover 1 - alpha.
        seed: of all draws.
    """

    permutations: int = 9999
    bootstrap: int = 2000
    alpha: float = 0.05
    seed: int = 0


def ranks(values: ArrayLike, axis: int | None = None) -> Floats:
    """Average ranks from 1. ``scipy.stats`` takes a second to import, and planning a workflow needs none of it.

    Examples:
        >>> ranks([10, 30, 20, 20])
        array([1. , 4. , 2.5, 2.5])
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=axis), dtype=float)


@lru_cache(maxsize=8)  # thousands of tests of a table share their draws
def random_orders(n: int, count: int, seed: int) -> NDArray[np.int64]:
    """(count, n) random orders of n entities; read-only.

    Examples:
        >>> random_orders(4, count=2, seed=0)
        array([[2, 0, 1, 3],
               [3, 2, 1, 0]])
    """
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (count, 1)), axis=1)
    orders.flags.writeable = False
    return orders


@lru_cache(maxsize=8)
def multiplicities(n: int, draws: int, seed: int) -> Floats:
    """(draws, n): how often each of n entities is drawn with replacement; read-only.

    Examples:
        >>> multiplicities(4, draws=2, seed=0)
        array([[1., 0., 0., 3.],
               [0., 2., 2., 0.]])
    """
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    counts.flags.writeable = False
    return counts


def blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of ``range(count)`` whose length times ``width`` stays near ``CHUNK``.

    Examples:
        >>> list(blocks(5, width=1 << 19))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, CHUNK // max(width, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def extreme(observed: Floats, drawn: Floats, alternative: Alternative) -> NDArray[np.int64]:
    """How many of ``drawn`` (draws, ...) are at least as extreme as ``observed`` (...).

    Ties count as extreme, and rounding must not break them: 1e-12 is given away. So does NaN: what cannot be compared must never
    make a p-value small, and of an ``observed`` that is NaN every draw is extreme, so that p is 1.

    Examples:
        >>> extreme(np.array([0.5]), np.array([[-0.7], [0.2], [0.5]]), "two-sided")
        array([2])
    """
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative is '{alternative}'; allowed: {', '.join(ALTERNATIVES)}")
    if alternative == "two-sided":
        return len(drawn) - np.asarray((np.abs(drawn) < np.abs(observed) - 1e-12).sum(axis=0))
    sign = 1 if alternative == "greater" else -1
    return len(drawn) - np.asarray((sign * drawn < sign * observed - 1e-12).sum(axis=0))


def p_value(count: NDArray[np.int64], permutations: int) -> Floats:
    """(c + 1) / (n + 1): exact for random permutations (Phipson and Smyth 2010).

    Examples:
        >>> p_value(np.array([0, 49]), permutations=999)
        array([0.001, 0.05 ])
    """
    return (count + 1) / (permutations + 1)


def percentile_interval(drawn: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Percentile interval over the first axis; draws that are NaN are left out, NaN where most are.

    Examples:
        >>> low, high = percentile_interval(np.arange(101.0)[:, None], alpha=0.05)
        >>> low, high
        (array([2.5]), array([97.5]))
    """
    finite, ends = np.isfinite(drawn), [50 * alpha, 100 - 50 * alpha]
    if finite.all():  # nanpercentile is many times slower
        low, high = np.percentile(drawn, ends, axis=0)
        return low, high
    known = finite.mean(axis=0) >= 0.5
    low, high = np.nanpercentile(np.where(known, drawn, 0.0), ends, axis=0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def q_values(p: ArrayLike) -> Floats:
    """Benjamini and Hochberg (1995): the smallest false discovery rate at which each test of the family is a discovery.

    Args:
        p: p-values of one family; NaN (not tested) does not count and stays NaN.

    Examples:
        >>> q_values([0.01, 0.02, 0.5, np.nan])
        array([0.03, 0.03, 0.5 ,  nan])
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p, dtype=float)
    result, tested = np.full(values.shape, np.nan), np.isfinite(values)
    if tested.any():
        result[tested] = false_discovery_control(values[tested], method="bh")
    return result
