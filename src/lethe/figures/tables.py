"""From published tables to what figures share: pairs of one metric, names of entities, similarities as matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.core.registry import nearest

PAIR_COLUMNS = ("method", "epochs", "emitter", "receiver", "metric", "value")


def entity_names(metadata: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names for axes, in index order: underscores become blanks."""
    return [str(record["name"]).replace("_", " ") for record in metadata]


def select_pairs(pairs: pd.DataFrame, metric: str, methods: Sequence[str]) -> pd.DataFrame:
    """The rows of one metric, for those of ``methods`` that have rows, in the order of ``methods``.

    Args:
        pairs: tidy table with ``method, epochs, emitter, receiver, metric, value``; emitter and receiver are indices.
        metric: a value of the column ``metric``.
        methods: methods to show; one without rows is left out.

    Returns:
        ``method, emitter, receiver, value``, sorted by method, emitter, receiver.

    Raises:
        ValueError: for a missing column or metric, no row at all, or a method with several numbers of epochs.
    """
    missing = [column for column in PAIR_COLUMNS if column not in pairs.columns]
    if missing:
        raise ValueError(f"the table of pairs has no column '{missing[0]}'; it has: {', '.join(map(str, pairs.columns))}")
    known = sorted(pairs["metric"].unique())
    if metric not in known:
        raise ValueError(f"the table of pairs has no metric '{metric}'; it has: {', '.join(known)}{nearest(metric, known)}")
    rows = pairs[(pairs["metric"] == metric) & pairs["method"].isin(list(methods))]
    if rows.empty:
        found = ", ".join(sorted(pairs["method"].unique()))
        raise ValueError(f"the table of pairs has no row of the methods {', '.join(methods)}; it has: {found}")
    for method, epochs in rows.groupby("method")["epochs"].unique().items():
        if len(epochs) > 1:
            raise ValueError(f"method '{method}' has rows of several epochs ({sorted(map(int, epochs))}); a figure shows one")
    rows = rows.assign(method=pd.Categorical(rows["method"], [m for m in methods if m in set(rows["method"])]))
    rows = rows.sort_values(["method", "emitter", "receiver"], kind="stable", ignore_index=True)
    return rows[["method", "emitter", "receiver", "value"]].astype({"method": str, "value": float})


def with_names(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Add ``emitter_name`` and ``receiver_name``; an index that the metadata does not have is a ``ValueError``."""
    largest = int(rows[["emitter", "receiver"]].to_numpy().max())
    if largest >= len(names):
        raise ValueError(f"the table of pairs holds the entity {largest}, but the metadata has {len(names)} entities")
    named = rows.assign(emitter_name=[names[i] for i in rows["emitter"]], receiver_name=[names[i] for i in rows["receiver"]])
    return named[["method", "emitter", "receiver", "emitter_name", "receiver_name", "value"]]


def methods_of(data: pd.DataFrame) -> list[str]:
    """The methods of a figure's data, in the order they come."""
    return list(dict.fromkeys(data["method"]))


def matrix(rows: pd.DataFrame, size: int, value: str = "value") -> NDArray[np.float64]:
    """``(size, size)``, rows = emitters, columns = receivers; NaN where there is no row."""
    out = np.full((size, size), np.nan)
    out[rows["emitter"].to_numpy(int), rows["receiver"].to_numpy(int)] = rows[value].to_numpy(float)
    return out


def off_diagonal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The finite values off the diagonal of a square matrix, as a vector."""
    found = values[~np.eye(len(values), dtype=bool)]
    return found[np.isfinite(found)]


def similarity_matrix(records: Sequence[Mapping[str, Any]], metadata: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """The N records ``{"emitter": name, receiver name: similarity}`` as ``(N, N)`` in index order; null is NaN.

    Raises:
        ValueError: for an entity of the metadata without a record or a value.
    """
    names = [str(record["name"]) for record in metadata]
    rows = {str(record["emitter"]): record for record in records}
    out = np.full((len(names), len(names)), np.nan)
    for i, emitter in enumerate(names):
        if emitter not in rows:
            raise ValueError(f"the similarities have no emitter '{emitter}'{nearest(emitter, list(rows))}")
        for j, receiver in enumerate(names):
            if receiver not in rows[emitter]:
                raise ValueError(f"the similarities of '{emitter}' lack '{receiver}'{nearest(receiver, list(rows[emitter]))}")
            value = rows[emitter][receiver]
            out[i, j] = np.nan if value is None else float(value)
    return out
