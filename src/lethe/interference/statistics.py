"""Tests and intervals whose unit is the entity, not the pair.

The N(N-1) pairs of a task share N emitters and N receivers, so they are not independent: a test that counts pairs
rejects true null hypotheses far too often. Here entities are permuted or drawn as wholes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Matrix = NDArray[np.float64]
CHUNK = 1 << 22  # matrix entries per block of permutations; bounds memory at some 100 MB


@dataclass(frozen=True)
class MatrixCorrelation:
    """Result of a Mantel test.

    Attributes:
        correlation: over off-diagonal pairs, in [-1, 1].
        p_value: (c + 1) / (permutations + 1), c = permutations at least as extreme.
        pairs: number of off-diagonal pairs used.
        entities: N.
        permutations: number of permutations.
        method: ``spearman`` or ``pearson``.
        alternative: ``two-sided``, ``greater`` or ``less``.
    """

    correlation: float
    p_value: float
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
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
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
        seed: of the permutations.
        alternative: which correlations count as extreme.

    Raises:
        ValueError: for shapes that differ, N < 4, NaN in ``b``, fewer than 3 pairs, or a constant matrix.
    """
    n = len(a)
    if a.shape != (n, n) or b.shape != (n, n) or n < 4:
        raise ValueError(f"two square matrices of one size, at least 4 x 4, are needed, not {a.shape} and {b.shape}")
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"alternative is '{alternative}'; allowed: two-sided, greater, less")
    if method not in ("spearman", "pearson"):
        raise ValueError(f"method is '{method}'; allowed: spearman, pearson")
    off_diagonal = ~np.eye(n, dtype=bool)
    if not np.isfinite(b[off_diagonal]).all():
        raise ValueError(f"the second matrix has {int((~np.isfinite(b[off_diagonal])).sum())} non-finite values off its diagonal")
    rows, columns = np.nonzero(off_diagonal & np.isfinite(a))
    if len(rows) < 3:
        raise ValueError(f"only {len(rows)} pairs have values; at least 3 are needed")
    complete = len(rows) == n * (n - 1)
    rank = method == "spearman"
    x = _standardized((rankdata(a[rows, columns]) if rank else a[rows, columns])[None])[0]
    y = b.astype(float).copy()
    if rank and complete:  # ranks of all pairs move with the entities; ranks of some do not
        y[off_diagonal] = rankdata(b[off_diagonal])
    if not np.isfinite(x).all() or np.ptp(y[rows, columns]) == 0:
        raise ValueError("a constant matrix has no correlation")

    def correlate(orders: NDArray[np.int64]) -> NDArray[np.float64]:
        values = y[orders[:, rows], orders[:, columns]]
        if rank and not complete:
            values = rankdata(values, axis=1)
        return np.nan_to_num(_standardized(values) @ x / len(x))

    observed = float(correlate(np.arange(n)[None])[0])
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // len(rows))
    extreme = 0
    for start in range(0, permutations, step):
        count = min(step, permutations - start)
        drawn = correlate(generator.permuted(np.tile(np.arange(n), (count, 1)), axis=1))
        # Ties with the observed value count as extreme; rounding must not break them.
        if alternative == "two-sided":
            extreme += int((np.abs(drawn) >= abs(observed) - 1e-12).sum())
        else:
            sign = 1 if alternative == "greater" else -1
            extreme += int((sign * drawn >= sign * observed - 1e-12).sum())
    p_value = (extreme + 1) / (permutations + 1)
    return MatrixCorrelation(observed, p_value, len(rows), n, permutations, method, alternative)


@dataclass(frozen=True)
class Interval:
    """A mean over emitters and its bootstrap interval; ``low`` and ``high`` are NaN for a single emitter."""

    mean: float
    low: float
    high: float
    n: int
    level: float


def bootstrap_mean(values: NDArray[np.float64], draws: int = 2000, level: float = 0.95, seed: int = 0) -> Interval:
    """Percentile bootstrap of a mean over emitters (Efron and Tibshirani 1993, ch. 13): emitters are drawn with
    replacement.

    Args:
        values: one number per emitter; NaN (emitter not unlearned, metric undefined) is left out and not counted in
            ``n``.
        draws: bootstrap draws.
        level: coverage.
        seed: of the draws.

    With ten emitters the percentile interval is too narrow by roughly a tenth; it is a description, not a test.
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[~np.isnan(finite)]
    n = len(finite)
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0, level)
    if n == 1:
        return Interval(float(finite[0]), float("nan"), float("nan"), 1, level)
    means = finite[np.random.default_rng(seed).integers(n, size=(draws, n))].mean(axis=1)
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return Interval(float(finite.mean()), float(low), float(high), n, level)


def _standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with mean 0 and variance 1; a constant row is NaN."""
    centred = values - values.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True))
