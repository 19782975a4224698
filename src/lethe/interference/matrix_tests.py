"""Correlation of emitter x receiver matrices, many at once.

The unit is the entity: tests permute entities (rows and columns together, Mantel 1967; QAP, Krackhardt 1988), intervals draw
entities with replacement (Snijders and Borgatti 1999) and leave out the pairs of an entity with its own copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lethe.interference.resampling import Alternative, blocks, extreme, multiplicities, percentile_interval, random_orders, ranks

Matrix = NDArray[np.float64]


def off_diagonal(n: int) -> NDArray[np.bool_]:
    """(n, n) mask of pairs of different entities."""
    return ~np.eye(n, dtype=bool)


def ranked(matrix: Matrix) -> Matrix:
    """Average ranks of the finite entries off the diagonal; NaN elsewhere."""
    result = np.full(matrix.shape, np.nan)
    used = np.isfinite(matrix) & off_diagonal(len(matrix))
    result[used] = ranks(matrix[used])
    return result


def standardized(stack: Matrix) -> Matrix:
    """(m, n, n) with mean 0 and variance 1 over the entries off the diagonal, and 0 on it; constant matrices are NaN."""
    n = stack.shape[-1]
    used = off_diagonal(n)
    values = stack[:, used]
    centred = values - values.mean(axis=1, keepdims=True)
    result = np.zeros(stack.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        result[:, used] = centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True))
    return result


def count_extreme(
    stack: Matrix, other: Matrix, orders: int, seed: int, alternative: Alternative
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Observed correlations of m complete matrices with one, and how many of ``orders`` permutations are as extreme.

    Args:
        stack: (m, n, n) standardized matrices.
        other: (n, n) standardized matrix; its entities are permuted, the same way for all of ``stack``.
        orders: number of permutations.
        seed: of the permutations.
        alternative: see ``extreme``.
    """
    n, used = len(other), len(other) * (len(other) - 1)
    flat = np.ascontiguousarray(stack.reshape(len(stack), -1).T)
    observed = other.ravel() @ flat / used
    count = np.zeros(len(stack), np.int64)
    drawn = random_orders(n, orders, seed)
    for block in blocks(orders, n * n):
        order = drawn[block]
        permuted = other.ravel().take(order[:, :, None] * n + order[:, None, :])
        count += extreme(observed, permuted.reshape(len(order), -1) @ flat / used, alternative)
    return observed, count


def correlation_draws(stack: Matrix, other: Matrix, draws: int, seed: int) -> NDArray[np.float64]:
    """(draws, m) correlations of m matrices with one, entities drawn with replacement; NaN where a draw has no spread.

    Args:
        stack: (m, n, n); NaN entries are left out. For a rank correlation pass ranks: they are taken once, not per draw.
        other: (n, n), finite where ``stack`` is.
        draws: bootstrap draws.
        seed: of the draws; equal seeds draw equal entities.
    """
    n = len(other)
    weights = multiplicities(n, draws, seed)
    y = np.where(off_diagonal(n), np.nan_to_num(other), 0.0)
    result = np.empty((draws, len(stack)))

    def summed(part: Matrix) -> NDArray[np.float64]:
        return np.asarray(((weights @ part) * weights).sum(axis=1))

    every = off_diagonal(n)
    whole = [summed(part) for part in (every.astype(float), y, y * y)]
    for k, matrix in enumerate(stack):
        used = np.isfinite(matrix) & every
        x = np.where(used, matrix, 0.0)
        sx, sxx, sxy = summed(x), summed(x * x), summed(x * y)
        total, sy, syy = (
            whole if (used == every).all() else [summed(part) for part in (used.astype(float), used * y, used * y * y)]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = (total * sxx - sx**2) * (total * syy - sy**2)
            result[:, k] = np.where(spread > 1e-9 * total**2, (total * sxy - sx * sy) / np.sqrt(np.abs(spread)), np.nan)
    return result


def bootstrap_correlations(
    stack: Matrix, other: Matrix, draws: int, seed: int, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile intervals of coverage ``1 - alpha`` of ``correlation_draws``."""
    return percentile_interval(correlation_draws(stack, other, draws, seed), alpha)
