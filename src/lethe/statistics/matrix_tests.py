"""Correlation of emitter x receiver matrices, many at once.

The unit is the entity: tests permute entities (rows and columns together, Mantel 1967; QAP, Krackhardt 1988), intervals draw
entities with replacement (Snijders and Borgatti 1999) and leave out the pairs of an entity with its own copy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lethe.statistics.resampling import Alternative, blocks, extreme, multiplicities, percentile_interval, random_orders, ranks

Matrix = NDArray[np.float64]


def off_diagonal(n: int) -> NDArray[np.bool_]:
    """(n, n) mask of pairs of different entities.

    Examples:
        >>> off_diagonal(2)
        array([[False,  True],
               [ True, False]])
    """
    return ~np.eye(n, dtype=bool)


def ranked(matrix: Matrix) -> Matrix:
    """Average ranks of the finite entries off the diagonal; NaN elsewhere.

    Examples:
        >>> ranked(np.array([[0, 5, 1], [9, 0, np.nan], [7, 3, 0.0]]))
        array([[nan,  3.,  1.],
               [ 5., nan, nan],
               [ 4.,  2., nan]])
    """
    result = np.full(matrix.shape, np.nan)
    used = np.isfinite(matrix) & off_diagonal(len(matrix))
    result[used] = ranks(matrix[used])
    return result


def standardized(stack: Matrix) -> Matrix:
    """(m, n, n) with mean 0 and variance 1 over the entries off the diagonal, and 0 on it; constant matrices are NaN.

    Examples:
        >>> standardized(np.array([[[7.0, 1], [3, 7]]]))
        array([[[ 0., -1.],
                [ 1.,  0.]]])
    """
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

    Examples:
        >>> stack = standardized(np.random.default_rng(0).random((2, 5, 5)))
        >>> observed, count = count_extreme(stack, stack[0], orders=99, seed=0, alternative="greater")
        >>> observed.round(2), count
        (array([ 1.  , -0.45]), array([ 0, 98]))
    """
    n, used = len(other), len(other) * (len(other) - 1)
    flat = np.ascontiguousarray(stack.reshape(len(stack), -1).T)
    values = other.ravel()
    observed = values @ flat / used
    count = np.zeros(len(stack), np.int64)
    drawn, parts = random_orders(n, orders, seed), list(blocks(orders, n * n))
    index, permuted = np.empty((parts[0].stop, n, n), np.int64), np.empty((parts[0].stop, n, n))  # 8 MB each, made once
    for block in parts:
        order, size = drawn[block], block.stop - block.start
        np.add(order[:, :, None] * n, order[:, None, :], out=index[:size])
        np.take(values, index[:size], out=permuted[:size], mode="clip")
        count += extreme(observed, permuted[:size].reshape(size, -1) @ flat / used, alternative)
    return observed, count


def correlation_draws(stack: Matrix, others: Sequence[Matrix], draws: int, seed: int) -> NDArray[np.float64]:
    """(k, draws, m) correlations of m matrices with k others, entities drawn with replacement; NaN where a draw has no spread.

    Args:
        stack: (m, n, n); NaN entries are left out. For a rank correlation pass ranks: they are taken once, not per draw.
        others: k of (n, n), finite where ``stack`` is.
        draws: bootstrap draws.
        seed: of the draws; equal seeds draw equal entities.

    Examples:
        >>> stack = np.random.default_rng(0).random((2, 5, 5))
        >>> correlation_draws(stack, [stack[0]], draws=3, seed=0).round(2)
        array([[[ 1.  , -1.  ],
                [ 1.  , -0.42],
                [ 1.  , -0.23]]])
    """
    n = stack.shape[-1]
    weights, every = multiplicities(n, draws, seed), off_diagonal(n)
    result = np.empty((len(others), draws, len(stack)))

    def summed(part: Matrix) -> NDArray[np.float64]:
        return np.asarray(((weights @ part) * weights).sum(axis=1))

    def moments(y: Matrix, used: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
        return [summed(part) for part in (used.astype(float), used * y, used * y * y)]

    ys = [np.where(every, np.nan_to_num(other), 0.0) for other in others]
    whole = [moments(y, every) for y in ys]
    for m, matrix in enumerate(stack):
        used = np.isfinite(matrix) & every
        x, complete = np.where(used, matrix, 0.0), (used == every).all()
        sx, sxx = summed(x), summed(x * x)
        for k, y in enumerate(ys):
            total, sy, syy = whole[k] if complete else moments(y, used)
            sxy = summed(x * y)
            with np.errstate(invalid="ignore", divide="ignore"):
                spread = (total * sxx - sx**2) * (total * syy - sy**2)
                result[k, :, m] = np.where(spread > 1e-9 * total**2, (total * sxy - sx * sy) / np.sqrt(np.abs(spread)), np.nan)
    return result


def bootstrap_correlations(
    stack: Matrix, other: Matrix, draws: int, seed: int, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile intervals of coverage ``1 - alpha`` of ``correlation_draws``.

    Examples:
        >>> stack = np.random.default_rng(0).random((2, 8, 8))
        >>> low, high = bootstrap_correlations(stack, stack[0], draws=200, seed=0, alpha=0.05)
        >>> low.round(2), high.round(2)
        (array([ 1. , -0.5]), array([1.  , 0.45]))
    """
    return percentile_interval(correlation_draws(stack, [other], draws, seed)[0], alpha)
