"""Means over two things that were both drawn, such as concepts and seeds: every seed is used with every concept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lethe.statistics.resampling import Floats, blocks, multiplicities, percentile_interval


def crossed_interval(values: NDArray[np.float64], draws: int = 2000, alpha: float = 0.05, seed: int = 0) -> tuple[Floats, Floats]:
    """Percentile bootstrap of means over rows and columns, which are drawn apart, with replacement (the pigeonhole bootstrap, Owen 2007).

    A draw is a count per row and a count per column, so a mean is the bilinear form r' X c: all statistics share their draws.

    Args:
        values: (..., R, C); NaN gives NaN.
        draws, alpha, seed: of the interval, which covers 1 - alpha.

    Returns:
        Low and high ends, each (...). NaN where there is one row: how rows differ is then not known.

    Examples:
        >>> concepts_and_seeds = np.array([[0.9, 0.8, 0.9], [0.4, 0.5, 0.4], [0.7, 0.6, 0.8]])
        >>> [round(float(end), 2) for end in crossed_interval(concepts_and_seeds)]
        [0.43, 0.87]
    """
    rows, columns = values.shape[-2:]
    if rows < 2:
        return np.full(values.shape[:-2], np.nan), np.full(values.shape[:-2], np.nan)
    of_rows, of_columns = multiplicities(rows, draws, seed), multiplicities(columns, draws, seed + 1)
    flat = values.reshape(-1, rows, columns)
    found = np.empty((draws, len(flat)))
    for part in blocks(draws, len(flat) * columns):
        found[part] = np.einsum("kbc,bc->bk", of_rows[part] @ flat, of_columns[part]) / (rows * columns)
    low, high = percentile_interval(found, alpha)
    return np.asarray(low).reshape(values.shape[:-2]), np.asarray(high).reshape(values.shape[:-2])
