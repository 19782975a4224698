"""Emitter x receiver matrices from tidy pair tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.pair_rows import PairRows, pair_rows
from lethe.benchmarks.icare.pairs import PROBABILITY
from lethe.io.rows import row_batches

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
HELD = 200_000_000  # bytes of the matrices that are filled while a file is read once


def matrices(pairs: pd.DataFrame, entities: int) -> dict[str, Matrix]:
    """Tidy pairs of one task, method and number of epochs -> metric -> (N, N) [emitter, receiver].

    A row is NaN where the emitter was not unlearned.

    Raises:
        ValueError: for several models' groups in one table, an index outside 0..entities-1, or a pair given twice.
    """
    for column in ("task", "method", "epochs"):
        if column in pairs.columns and pairs[column].nunique() > 1:
            raise ValueError(f"pairs of one {column} were expected, found {sorted(map(str, pairs[column].unique()))}")
    _refuse_outside(pairs, entities)
    result: dict[str, Matrix] = {}
    for metric, rows in pairs.groupby("metric", sort=False, observed=True):
        flat = rows["emitter"].to_numpy(np.int64) * entities + rows["receiver"].to_numpy(np.int64)
        if len(np.unique(flat)) != len(flat):
            raise ValueError(f"metric '{metric}': a pair (emitter, receiver) is given more than once")
        matrix = np.full(entities * entities, np.nan)
        matrix[flat] = rows["value"].to_numpy(float)
        result[str(metric)] = matrix.reshape(entities, entities)
    return result


def read_matrices(
    path: str | Path, methods: Collection[tuple[str, int]], metrics: Sequence[str], entities: int, held: int = HELD
) -> Iterator[tuple[str, dict[tuple[str, int], Matrix]]]:
    """The matrices of one metric after another, under several methods, from a file that holds a whole task.

    The file is read once for as many metrics as fit into ``held`` bytes, and at least for one.

    Args:
        path: ``pairs_{task}.parquet``.
        methods: with their epochs; rows of others are left out.
        metrics: in the order in which they are asked for.
        entities: N.

    Yields:
        A metric, and (method, epochs) -> (N, N) [emitter, receiver], NaN where there is no pair.

    Raises:
        ValueError: an index outside 0..N-1, or a pair given twice.
    """
    of_metric = len(methods) * entities**2
    together = max(1, held // (of_metric * (np.dtype(float).itemsize + np.dtype(bool).itemsize)))
    for first in range(0, len(metrics), together):
        asked = metrics[first : first + together]
        values = _filled(path, list(methods), asked, entities)
        for metric, of_methods in zip(asked, values, strict=True):
            yield metric, dict(zip(methods, of_methods.copy(), strict=True))  # a view would keep the matrices of all of them
        del values, of_methods  # before the next are filled


def _filled(path: str | Path, methods: Sequence[tuple[str, int]], metrics: Sequence[str], entities: int) -> Matrix:
    """(metrics, methods, N, N), NaN where there is no pair."""
    import pandas as pd

    shape = (len(metrics), len(methods), entities, entities)
    values, seen = np.full(np.prod(shape), np.nan), np.zeros(np.prod(shape), dtype=bool)
    for rows in row_batches(path, ["method", "epochs", "emitter", "receiver", "metric", "value"]):
        of_metric = pd.Index(metrics).get_indexer(pd.Index(rows["metric"]))  # -1: not asked for
        for place, (method, epochs) in enumerate(methods):
            chosen = (of_metric >= 0) & (rows["method"] == method) & (rows["epochs"] == epochs)
            own = rows[chosen]
            _refuse_outside(own, entities)
            at = (of_metric[chosen], np.full(len(own), place), own["emitter"], own["receiver"])
            flat = np.ravel_multi_index(at, shape)
            if seen[flat].any() or len(np.unique(flat)) != len(flat):
                raise ValueError(f"{path}: a pair (emitter, receiver) of method '{method}' is given more than once")
            seen[flat] = True
            values[flat] = own["value"]
    return values.reshape(shape)


def _refuse_outside(pairs: pd.DataFrame, entities: int) -> None:
    for column in ("emitter", "receiver"):
        values = pairs[column]
        if len(outside := values[(values < 0) | (values >= entities)]):
            raise ValueError(f"{column} {outside.iloc[0]} is outside 0..{entities - 1}")


def add_model(found: dict[str, Matrix], pairs: pd.DataFrame, entities: int, emitter: int) -> None:
    """Put the pairs of one model into the matrices of its method, in place; a metric that is new begins as NaN.

    Args:
        found: metric -> (N, N) [emitter, receiver].
        pairs: ``receiver, metric, value`` of the model; each receiver once per metric.
        entities: N.
        emitter: index of what the model forgot.

    Raises:
        ValueError: an index outside 0..N-1.
    """
    for column, values in (("emitter", np.array([emitter])), ("receiver", pairs["receiver"].to_numpy())):
        if len(outside := values[(values < 0) | (values >= entities)]):
            raise ValueError(f"{column} {outside.max()} is outside 0..{entities - 1}")
    for metric, rows in pairs.groupby("metric", sort=False, observed=True):
        matrix = found.setdefault(str(metric), np.full((entities, entities), np.nan))
        matrix[emitter, rows["receiver"].to_numpy(np.int64)] = rows["value"].to_numpy(float)


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


def by_method(pairs: pd.DataFrame | PairRows, entities: int) -> Iterator[tuple[str, int, dict[str, Matrix]]]:
    """(method, epochs, matrices) of every method in a task's tidy pairs, sorted."""
    rows = pair_rows(pairs)
    for method, epochs in rows.methods:
        yield method, epochs, matrices(rows.of(method, epochs), entities)
