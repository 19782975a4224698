"""Tests and intervals whose unit is the entity, not the pair.

The N(N-1) pairs of a task share N emitters and N receivers, so they are not independent: a test that counts pairs
rejects true null hypotheses far too often. Here entities are permuted or drawn as wholes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lethe.core.missing import known
from lethe.statistics.matrix_tests import bootstrap_correlations, count_extreme, off_diagonal, ranked, standardized
from lethe.statistics.resampling import ALTERNATIVES, Alternative, blocks, extreme, p_value, random_orders, ranks

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class MatrixCorrelation:
    """Result of a Mantel test.

    Attributes:
        correlation: over off-diagonal pairs, in [-1, 1].
        p_value: (c + 1) / (permutations + 1), c = permutations at least as extreme.
        low, high: bootstrap interval over entities, NaN where it was not asked for.
        pairs: number of off-diagonal pairs used.
        entities: N.
        permutations: number of permutations.
        method: ``spearman`` or ``pearson``.
        alternative: ``two-sided``, ``greater`` or ``less``.
    """

    correlation: float
    p_value: float
    low: float
    high: float
    pairs: int
    entities: int
    permutations: int
    method: str
    alternative: str


def mantel(
    a: Matrix,
    b: Matrix,
    method: Literal["spearman", "pearson"] = "spearman",
    permutations: int = 9999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    draws: int = 0,
    alpha: float = 0.05,
) -> MatrixCorrelation:
    """Correlation of two N x N matrices off the diagonal, tested by permuting entities (Mantel 1967; QAP, Krackhardt
    1988).

    Rows and columns of ``b`` are permuted together, so each permuted matrix keeps the dependence among the pairs of an
    entity. The matrices need not be symmetric. p = (c + 1) / (n + 1) is exact (Phipson and Smyth 2010).

    Args:
        a: (N, N), e.g. interference; NaN entries (emitters that were not unlearned) are left out.
        b: (N, N), e.g. similarity; finite off the diagonal.
        method: rank or linear correlation.
        permutations: number of random permutations.
        seed: of the permutations and draws.
        alternative: which correlations count as extreme.
        draws: bootstrap draws of entities for ``low`` and ``high``; 0: none, both NaN.
        alpha: 1 - coverage of the interval.

    Raises:
        ValueError: for shapes that differ, N < 4, NaN in ``b``, fewer than 3 pairs, or a constant matrix.

    Examples:
        >>> similarity = np.random.default_rng(0).random((6, 6))
        >>> harm = 2 * similarity + np.random.default_rng(1).normal(0, 0.1, (6, 6))
        >>> found = mantel(harm, similarity, permutations=999)
        >>> round(found.correlation, 2), found.p_value, found.pairs
        (0.99, 0.002, 30)
    """
    n = len(a)
    if a.shape != (n, n) or b.shape != (n, n) or n < 4:
        raise ValueError(f"two square matrices of one size, at least 4 x 4, are needed, not {a.shape} and {b.shape}")
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative is '{alternative}'; allowed: {', '.join(ALTERNATIVES)}")
    if method not in ("spearman", "pearson"):
        raise ValueError(f"method is '{method}'; allowed: spearman, pearson")
    others = off_diagonal(n)
    if not np.isfinite(b[others]).all():
        raise ValueError(f"the second matrix has {int((~np.isfinite(b[others])).sum())} non-finite values off its diagonal")
    used = others & np.isfinite(a)
    pairs = int(used.sum())
    if pairs < 3:
        raise ValueError(f"only {pairs} pairs have values; at least 3 are needed")
    if np.ptp(a[used]) == 0 or np.ptp(b[used]) == 0:
        raise ValueError("a constant matrix has no correlation")
    prepare = ranked if method == "spearman" else np.asarray
    if pairs == n * (n - 1):
        x, y = standardized(np.stack([prepare(a), prepare(b)]))
        observed, count = count_extreme(x[None], y, permutations, seed, alternative)
        correlation, extremes = float(observed[0]), int(count[0])
    else:
        correlation, extremes = _incomplete(a, b, used, method == "spearman", permutations, seed, alternative)
    low, high = np.nan, np.nan
    if draws:
        lows, highs = bootstrap_correlations(prepare(a)[None], prepare(np.where(used, b, np.nan)), draws, seed, alpha)
        low, high = float(lows[0]), float(highs[0])
    p = float(p_value(np.asarray(extremes), permutations))
    return MatrixCorrelation(correlation, p, low, high, pairs, n, permutations, method, alternative)


def _incomplete(
    a: Matrix, b: Matrix, used: NDArray[np.bool_], rank: bool, permutations: int, seed: int, alternative: Alternative
) -> tuple[float, int]:
    """Some emitters were not unlearned: which values of ``b`` count changes with each permutation, and so do their ranks."""
    n = len(a)
    rows, columns = np.nonzero(used)
    x = _standardized((ranks(a[used]) if rank else a[used])[None])[0]

    def correlate(order: NDArray[np.int64]) -> NDArray[np.float64]:
        values = b[order[:, rows], order[:, columns]]
        return np.asarray(_standardized(ranks(values, axis=1) if rank else values) @ x / len(x))  # NaN counts as extreme

    observed = correlate(np.arange(n)[None])[0]
    drawn = random_orders(n, permutations, seed)
    count = sum(int(extreme(observed, correlate(drawn[block]), alternative)) for block in blocks(permutations, len(rows)))
    return float(observed), count


@dataclass(frozen=True)
class Interval:
    """A mean over ``n`` emitters and its bootstrap interval; ``low`` and ``high`` are NaN for a single emitter.

    ``left_out``: emitters whose value is missing.
    """

    mean: float
    low: float
    high: float
    n: int
    level: float
    left_out: int = 0

    def columns(self, name: str) -> dict[str, float]:
        """As columns of a table: ``{name}, {name}_low, {name}_high, {name}_left_out``."""
        return {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_left_out": self.left_out}


def bootstrap_mean(values: NDArray[np.float64], draws: int = 2000, level: float = 0.95, seed: int = 0) -> Interval:
    """Percentile bootstrap of a mean over emitters (Efron and Tibshirani 1993, ch. 13): emitters are drawn with
    replacement.

    Args:
        values: one number per emitter; NaN (emitter not unlearned, metric undefined) is left out and counted in ``left_out``,
            not in ``n``.
        draws: bootstrap draws.
        level: coverage.
        seed: of the draws.

    With ten emitters the percentile interval is too narrow by roughly a tenth; it is a description, not a test.

    Examples:
        >>> bootstrap_mean(np.array([0.25, 0.75, 0.5, np.nan]), seed=0)
        Interval(mean=0.5, low=0.25, high=0.75, n=3, level=0.95, left_out=1)
    """
    found, left_out = known(values)
    n = len(found)
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0, level, left_out)
    if n == 1:
        return Interval(float(found[0]), float("nan"), float("nan"), 1, level, left_out)
    means = found[np.random.default_rng(seed).integers(n, size=(draws, n))].mean(axis=1)
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return Interval(float(found.mean()), float(low), float(high), n, level, left_out)


def _standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with mean 0 and variance 1; a constant row is NaN."""
    centred = values - values.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True))
