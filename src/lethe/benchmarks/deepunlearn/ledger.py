"""Our numbers beside those that others measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.io.tables import CorruptFileError

COLUMNS = ["method", "quantity", "value", "low", "high", "band", "source", "url", "commit"]
QUANTITIES = {  # quantity of a reference file -> column of our summary; the re-run takes ratios of means over seeds
    "RA": "RA",
    "FA": "FA",
    "TA": "TA",
    "retdev": "retdev_of_means",
    "indisc": "indisc_of_means",
    "mia_test": "mia_test",
    "rte": "rte",
    "seconds": "seconds",
}
ROUNDING = 5e-5  # the published digits end here: a band of no width still has this one


def read_reference(path: str | Path) -> pd.DataFrame:
    """A file of ``config/reference``: one published number per row.

    Returns:
        ``method`` (ours), ``quantity`` (a key of ``QUANTITIES``), ``value``, ``low, high`` (acceptance band; empty = none is given),
        ``band`` (where the band comes from), ``source, url, commit``.

    Raises:
        CorruptFileError: a column is missing, a quantity unknown, or a row there twice.
    """
    table = pd.read_csv(path, dtype={"method": str, "quantity": str, "band": str, "commit": str})
    if list(table.columns) != COLUMNS:
        raise CorruptFileError(f"{path}: columns are {', '.join(table.columns)}; expected {', '.join(COLUMNS)}")
    unknown = sorted(set(table["quantity"]) - set(QUANTITIES))
    if unknown:
        raise CorruptFileError(f"{path}: unknown quantity '{unknown[0]}'; allowed: {', '.join(QUANTITIES)}")
    twice = table.duplicated(["method", "quantity", "source"])
    if twice.any():
        raise CorruptFileError(f"{path}: '{table.loc[twice, 'method'].iloc[0]}' has a quantity twice")
    return table


def ledger(reference: pd.DataFrame, summary: pd.DataFrame, runtime: pd.DataFrame | None = None) -> pd.DataFrame:
    """Ours against theirs, one row per published number.

    Args:
        reference: of ``read_reference``.
        summary: of ``lethe.classifiers.scores.summarise``, rows of one data set and architecture; methods may be missing.
        runtime: of ``runtime_table``, or None.

    Returns:
        ``method, quantity, lethe, published, difference`` (lethe - published), ``low, high, verdict, corrected, band, source, url, commit``;
        the two numbers are called as in the table of deviations (``lethe.tools.fidelity``). ``corrected``: theirs is the published code,
        ours a corrected method beside which ``{method}_published`` exists. The verdict is ``inside`` or ``outside`` their band,
        ``no band`` where they give none, ``not measured`` where we have no number.

    Raises:
        ValueError: ``summary`` mixes data sets or architectures.
    """
    if len(summary[["dataset", "architecture"]].drop_duplicates()) > 1:
        raise ValueError("the summary holds several data sets or architectures; a reference is about one")
    tables = [summary.set_index("method")] + ([] if runtime is None else [runtime.set_index("method")])
    rows = []
    for entry in reference.to_dict("records"):
        column = QUANTITIES[entry["quantity"]]
        found = [float(table[column][entry["method"]]) for table in tables if column in table and entry["method"] in table.index]
        value = found[0] if found else float("nan")
        rows.append(
            {
                "method": entry["method"],
                "quantity": entry["quantity"],
                "lethe": value,
                "published": entry["value"],
                "difference": value - entry["value"],
                "low": entry["low"],
                "high": entry["high"],
                "verdict": _verdict(value, entry["low"], entry["high"], bool(found)),
                **{name: entry[name] for name in ("band", "source", "url", "commit")},
            }
        )
    return pd.DataFrame(rows)


def _verdict(value: float, low: float, high: float, measured: bool) -> str:
    if not measured:
        return "not measured"
    if pd.isna(low) or pd.isna(high):
        return "no band"
    return "inside" if low - ROUNDING <= value <= high + ROUNDING else "outside"
