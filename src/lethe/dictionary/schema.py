"""Every table that the workflow writes, gathered from the modules ``columns`` of those that write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lethe.audit.columns as audit
import lethe.benchmarks.deepunlearn.columns as deepunlearn
import lethe.benchmarks.icare.columns as icare
import lethe.benchmarks.unlearncanvas.columns as unlearncanvas
import lethe.classifiers.columns as classifiers
import lethe.diffusion.jobs.columns as diffusion
import lethe.tools.columns as tools
from lethe.core.columns import Column, Table, table_of
from lethe.io.tables import read_json, readable

PARTS: dict[str, Sequence[Table]] = {
    "I-CARE: what happens to all others": icare.TABLES,
    "Deep Unlearn: classifiers that forget samples": deepunlearn.TABLES,
    "UnlearnCanvas: models that forget a style or an object": unlearncanvas.TABLES,
    "Audits of one model": audit.TABLES,
    "Claims and deviations": tools.TABLES,
    "Behind the tables: diffusion models": diffusion.TABLES,
    "Behind the tables: classifiers": classifiers.TABLES,
}
"""Heading -> tables, in the order in which a reader meets them."""
TABLES: list[Table] = [table for tables in PARTS.values() for table in tables]
READ = (".csv", ".parquet", ".json")


class Described(NamedTuple):
    """A file that is a table, with what its columns mean.

    Attributes:
        file: below the folder of the world. table: how it is declared. columns: of the file, in its order; none of a summary.
    """

    file: str
    table: Table
    columns: list[Column]


def described(folder: Path, file: str) -> Described:
    """A table of a world and what its columns mean; of its rows nothing is read.

    Args:
        folder: of the world. file: below it, e.g. ``tables/harm_objects.csv``.

    Raises:
        UndescribedError: no module describes the table, or a column of it.
        CorruptFileError: it cannot be read.
    """
    table = table_of(TABLES, file)
    names = header(folder / file) if table.columns else []
    return Described(file, table, [table.described(name) for name in names])


def header(path: Path) -> list[str]:
    """Names of the columns of a CSV file, a parquet file or a JSON list of records."""
    if path.suffix == ".json":
        return list(dict.fromkeys(key for record in read_json(path) for key in record))
    with readable(path, "a table"):
        if path.suffix == ".parquet":
            import pyarrow.parquet

            return [name for name in pyarrow.parquet.read_schema(path).names if not name.startswith("__index_level_")]
        import pandas as pd

        return [str(name) for name in pd.read_csv(path, nrows=0).columns]


def tables_in(folder: Path) -> list[str]:
    """Tables that readers of a world look at first, below its folder: those in ``tables/`` and those beside it, by name."""
    files = [path for place in (folder, folder / "tables") for path in sorted(place.glob("*")) if path.suffix in READ]
    found = [str(path.relative_to(folder)) for path in files]
    return [file for file in found if file.startswith("tables/") and not file.endswith(PACKAGE) or _beside(file)]


PACKAGE = "datapackage.json"


def _beside(file: str) -> bool:
    return any(table.matcher.fullmatch(file) for table in TABLES if "/" not in table.file) and "/" not in file
