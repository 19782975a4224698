"""Emitter x receiver matrices from tidy pair tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.pairs import PROBABILITY

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]


def matrices(pairs: pd.DataFrame, entities: int) -> dict[str, Matrix]:
    """Tidy pairs of one task, method and number of epochs -> metric -> (N, N) [emitter, receiver].

    A row is NaN where the emitter was not unlearned.

    Raises:
        ValueError: for several models' groups in one table, an index outside 0..entities-1, or a pair given twice.
    """
    for column in ("task", "method", "epochs"):
        if column in pairs.columns and pairs[column].nunique() > 1:
            raise ValueError(f"pairs of one {column} were expected, found {sorted(map(str, pairs[column].unique()))}")
    for column in ("emitter", "receiver"):
        if len(pairs) and not pairs[column].between(0, entities - 1).all():
            raise ValueError(f"{column} {pairs[column].max()} is outside 0..{entities - 1}")
    result: dict[str, Matrix] = {}
    for metric, rows in pairs.groupby("metric", sort=False, observed=True):
        flat = rows["emitter"].to_numpy(np.int64) * entities + rows["receiver"].to_numpy(np.int64)
        if len(np.unique(flat)) != len(flat):
            raise ValueError(f"metric '{metric}': a pair (emitter, receiver) is given more than once")
        matrix = np.full(entities * entities, np.nan)
        matrix[flat] = rows["value"].to_numpy(float)
        result[str(metric)] = matrix.reshape(entities, entities)
    return result


def pair_weights(pairs: pd.DataFrame, entities: int) -> Matrix | None:
    """(N, N) [emitter, receiver] 1 / probability of every pair that a method asked for, 0 of the others; None where all were.

    Args:
        pairs: tidy pairs of one method.
        entities: N.
    """
    if PROBABILITY not in pairs.columns:
        return None
    rows = pairs[["emitter", "receiver", PROBABILITY]].drop_duplicates(["emitter", "receiver"])
    result = np.zeros((entities, entities))
    result[rows["emitter"], rows["receiver"]] = 1 / rows[PROBABILITY]
    return result


def by_method(pairs: pd.DataFrame, entities: int) -> Iterator[tuple[str, int, dict[str, Matrix]]]:
    """(method, epochs, matrices) of every method in a task's tidy pairs, sorted."""
    for (method, epochs), rows in pairs.groupby(["method", "epochs"], sort=True, observed=True):
        yield str(method), int(str(epochs)), matrices(rows, entities)
