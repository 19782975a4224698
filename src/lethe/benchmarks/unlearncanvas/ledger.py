"""Our numbers beside published ones, for a task that is the published world: their data set and their base."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.io.tables import CorruptFileError

COLUMNS = ["table", "method", "published_name", "kind", "quantity", "value", "unit", "protocol", "source", "confidence"]
KINDS = ("style", "object", "all", "transfer")
OF_ACCURACY = ("ua", "ira", "cra")  # in percent
OF_COST = {"seconds": ("seconds", 1.0), "memory": ("run_cuda_reserved_mb", 1e-3), "storage": ("delta_bytes", 1e-9)}  # s, GB, GB
OTHERS = ("fid", "style_loss", "style_loss_sd_styles", "style_loss_sd_objects", "style_loss_sd_contents", "content_loss",
          "content_loss_sd_styles", "content_loss_sd_objects", "content_loss_sd_contents", "seconds_per_image")  # fmt: skip


def read_reference(path: str | Path) -> pd.DataFrame:
    """A file ``config/reference/unlearncanvas_*.csv``: one published number per row, as it is printed.

    Returns:
        ``table`` (where it stands), ``method`` (ours; empty for one that we do not have), ``published_name, kind`` (of ``KINDS``), ``quantity,
        value, unit, protocol`` (a preset of ours, or empty), ``source`` (who says so) and ``confidence`` in the transcription.

    Raises:
        CorruptFileError: a column is missing, a kind or quantity unknown, or a row there twice.
    """
    table = pd.read_csv(path, dtype=dict.fromkeys(COLUMNS, str) | {"value": float}, keep_default_na=False)
    if list(table.columns) != COLUMNS:
        raise CorruptFileError(f"{path}: columns are {', '.join(table.columns)}; expected {', '.join(COLUMNS)}")
    for column, allowed in (("kind", KINDS), ("quantity", (*OF_ACCURACY, *OF_COST, *OTHERS))):
        if unknown := sorted(set(table[column]) - set(allowed)):
            raise CorruptFileError(f"{path}: unknown {column} '{unknown[0]}'; allowed: {', '.join(allowed)}")
    twice = table.duplicated(["table", "published_name", "kind", "quantity", "source"])
    if twice.any():
        raise CorruptFileError(f"{path}: '{table.loc[twice, 'published_name'].iloc[0]}' has a quantity twice")
    return table


def ledger(reference: pd.DataFrame, accuracy: pd.DataFrame, cost: pd.DataFrame) -> pd.DataFrame:
    """Ours against theirs, one row per published number.

    Args:
        reference: of ``read_reference``.
        accuracy: of ``accuracy_table``; the first judge is compared, under the protocol that the row names.
        cost: of ``cost_table``.

    Returns:
        ``table, method, published_name, kind, quantity, unit, protocol, lethe, published, difference`` (lethe - published), ``verdict``
        (``compared``, or ``not measured`` where we have no number), ``source, confidence``.
    """
    rows = []
    for entry in ({str(key): value for key, value in row.items()} for row in reference.to_dict("records")):
        ours = _ours(entry, accuracy, cost)
        row = {name: entry[name] for name in ("table", "method", "published_name", "kind", "quantity", "unit", "protocol")}
        row |= {"lethe": ours, "published": entry["value"], "difference": ours - entry["value"]}
        verdict = "not measured" if pd.isna(ours) else "compared"
        rows.append(row | {"verdict": verdict, "source": entry["source"], "confidence": entry["confidence"]})
    return pd.DataFrame(rows)


def _ours(entry: dict[str, object], accuracy: pd.DataFrame, cost: pd.DataFrame) -> float:
    """In the unit of the published number; NaN without one."""
    quantity = str(entry["quantity"])
    if quantity in OF_ACCURACY:
        found = accuracy[
            (accuracy["method"] == entry["method"])
            & (accuracy["kind"] == entry["kind"])
            & (accuracy["protocol"] == entry["protocol"])
            & (accuracy["judge"] == 1)
        ]
        return 100 * float(found[quantity].iloc[0]) if len(found) else float("nan")
    if quantity in OF_COST:
        column, factor = OF_COST[quantity]
        found = cost[cost["method"] == entry["method"]]
        return factor * float(found[column].iloc[0]) if len(found) else float("nan")
    return float("nan")
