"""Correlation of emitter x receiver matrices of which some pairs were drawn, with another that is known throughout.

As ``lethe.statistics.matrix_tests``: tests permute entities, intervals draw them. Every pair has the weight 1 / probability of being drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lethe.statistics.matrix_tests import off_diagonal, ranked
from lethe.statistics.resampling import Alternative, blocks, extreme, multiplicities, random_orders
from lethe.statistics.strata import weighted_ranks

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class DrawnPairs:
    """Pairs of different entities that were drawn, as a list.

    Attributes:
        rows, columns: (P,) emitter and receiver of each.
        weights: (P,) above 0.
        values: (m, P) standardized under the weights: mean 0, variance 1.
        entities: N.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    weights: Matrix
    values: Matrix
    entities: int

    @classmethod
    def of(cls, stack: Matrix, weights: Matrix) -> DrawnPairs:
        """The pairs of m matrices, as ranks in the population.

        Args:
            stack: (m, n, n), finite where ``weights`` are above 0 off the diagonal.
            weights: (n, n), 0 where a pair was not drawn.
        """
        rows, columns = np.nonzero((weights > 0) & off_diagonal(len(weights)))
        own = weights[rows, columns]
        values = np.stack([weighted_ranks(matrix[rows, columns], own) for matrix in stack])
        return cls(rows, columns, own, _standardized(values, own), len(weights))


def count_extreme(
    drawn: DrawnPairs, other: Matrix, orders: int, seed: int, alternative: Alternative
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Observed rank correlations of m drawn matrices with a known one, and how many permutations are as extreme.

    Args:
        drawn: the pairs. other: (n, n), finite off the diagonal; its entities are permuted, rows and columns together.
        orders, seed, alternative: see ``matrix_tests.count_extreme``.

    Examples:
        >>> similarity = np.random.default_rng(0).random((8, 8))
        >>> weights = np.where(np.random.default_rng(1).random((8, 8)) < 0.5, 2.0, 0.0)
        >>> drawn = DrawnPairs.of(np.stack([similarity, -similarity]), weights)
        >>> observed, count = count_extreme(drawn, similarity, orders=99, seed=0, alternative="greater")
        >>> observed.round(1), count
        (array([ 1., -1.]), array([ 0, 99]))
    """
    known = ranked(other)
    weighted, total = drawn.values * drawn.weights, drawn.weights.sum()

    def correlate(values: Matrix) -> NDArray[np.float64]:
        return np.asarray(_standardized(values, drawn.weights) @ weighted.T / total)

    observed = correlate(known[drawn.rows, drawn.columns][None])[0]
    count = np.zeros(len(drawn.values), np.int64)
    order = random_orders(drawn.entities, orders, seed)
    for block in blocks(orders, len(drawn.rows)):
        part = order[block]
        count += extreme(observed, correlate(known[part[:, drawn.rows], part[:, drawn.columns]]), alternative)
    return observed, count


def correlation_draws(drawn: DrawnPairs, other: Matrix, draws: int, seed: int) -> NDArray[np.float64]:
    """(draws, m) correlations of the same, entities drawn with replacement; NaN where a draw has no spread.

    A pair counts as often as its emitter times its receiver are drawn, times its weight. With few pairs per entity this interval is wider
    than it need be: what pairs alone add is counted up to three times (Owen 2007).

    Examples:
        >>> similarity = np.random.default_rng(0).random((8, 8))
        >>> drawn = DrawnPairs.of(similarity[None], np.ones((8, 8)))
        >>> correlation_draws(drawn, similarity, draws=2, seed=0).round(2)
        array([[1.],
               [1.]])
    """
    known = ranked(other)[drawn.rows, drawn.columns]
    known = known - np.average(known, weights=drawn.weights)
    counts = multiplicities(drawn.entities, draws, seed)
    result = np.empty((draws, len(drawn.values)))
    moments = np.concatenate(
        [np.stack([np.ones_like(known), known, known**2]), drawn.values, drawn.values**2, drawn.values * known]
    )
    m = len(drawn.values)
    for block in blocks(draws, len(drawn.rows)):
        part = counts[block]
        often = part[:, drawn.rows] * part[:, drawn.columns] * drawn.weights
        sums = often @ moments.T
        total, y, yy = sums[:, :1], sums[:, 1:2], sums[:, 2:3]
        x, xx, xy = sums[:, 3 : 3 + m], sums[:, 3 + m : 3 + 2 * m], sums[:, 3 + 2 * m :]
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = (total * xx - x**2) * (total * yy - y**2)
            result[block] = np.where(spread > 1e-9 * total**2, (total * xy - x * y) / np.sqrt(np.abs(spread)), np.nan)
    return result


def _standardized(values: Matrix, weights: Matrix) -> Matrix:
    """Rows with mean 0 and variance 1 under the weights; a constant row is NaN."""
    share = weights / weights.sum()
    centred = values - (values @ share)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(centred / np.sqrt(np.square(centred) @ share)[:, None])
