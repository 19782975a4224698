"""Tables that users bring: words stay words, numbers are numbers, and an error names file, row and column."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lethe.core.registry import nearest
from lethe.io.tables import CorruptFileError, readable
from lethe.io.wording import shortened

if TYPE_CHECKING:
    import pandas as pd

UNPACK: dict[str, Callable[[bytes], bytes]] = {".bz2": bz2.decompress, ".gz": gzip.decompress, ".xz": lzma.decompress}
LISTED = 500  # characters of a list of columns in a message


def read_table(path: str | Path, columns: Sequence[str], text: Sequence[str] = (), numbers: Sequence[str] = ()) -> pd.DataFrame:
    """A csv (also .bz2, .gz, .xz) of UTF-8 text with at least ``columns``.

    An empty cell is a missing value. In text the words ``NA``, ``None``, ``null`` and ``nan`` are words; among numbers they, too, mean a
    missing value.

    Args:
        columns: that it must have.
        text: of these, the ones that are read as they are written, ``"007"`` and ``"8"``, not as numbers.
        numbers: of these, the ones whose every cell is a number or missing. A column that is in neither holds numbers or truth values
            if all of its cells do.

    Raises:
        FileNotFoundError: names the file. CorruptFileError: it is no such csv, lacks a column or has it twice, a row has another
            number of cells than the header, a cell that must be a number is none, or a number is not finite; names file, row (from
            1, below the header), column and value.
    """
    import pandas as pd

    expected = f"expected a table with the columns {', '.join(columns)}"
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} does not exist; {expected}")
    with readable(path, "a readable csv of UTF-8 text", f"; {expected}"):
        content = UNPACK.get(Path(path).suffix, bytes)(Path(path).read_bytes()).decode("utf-8-sig")
        _refuse_ragged(path, content)
        words = pd.read_csv(io.StringIO(content), dtype=str, keep_default_na=False, na_values=[""], index_col=False)
        types = dict.fromkeys(text, str)
        table = pd.read_csv(io.StringIO(content), dtype=types, index_col=False, low_memory=False)
    check_columns(path, columns, [str(column) for column in table.columns])
    for column in map(str, table.columns):
        cells = table[column]
        if column in numbers:
            if not pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
                cells = pd.to_numeric(words[column].where(cells.notna()), errors="coerce")
            wrong = (cells.isna() & table[column].notna()) | np.isinf(cells)
            _refuse(path, column, words[column], wrong, "a number such as 1954 or 0.5, or nothing")
            table[column] = cells
        elif column in text or pd.api.types.is_string_dtype(cells) or cells.isna().all():
            table[column] = words[column]
        elif pd.api.types.is_float_dtype(cells):
            _refuse(path, column, words[column], np.isinf(cells), "finite numbers, or nothing")
    return table


def check_whole(path: str | Path, column: str, values: pd.Series) -> None:
    """Raise ``CorruptFileError`` naming the first of some numbers that is not whole; missing ones pass."""
    _refuse(path, column, values, values.notna() & (values % 1 != 0), "a whole number, or nothing")


def check_columns(path: str | Path, columns: Sequence[str], found: list[str]) -> None:
    """Raise ``CorruptFileError`` naming the first of ``columns`` that is not among ``found``, and the nearest that is."""
    listed = shortened(", ".join(found), LISTED)
    for column in columns:
        if column not in found:
            separated = "; cells are separated by commas, not by semicolons" if len(found) == 1 and ";" in found[0] else ""
            raise CorruptFileError(
                f"{path}: no column '{column}'; expected {', '.join(columns)}, found {listed}"
                f"{separated or nearest(column, found)}"
            )
        if f"{column}.1" in found:  # how pandas calls the second of two
            raise CorruptFileError(f"{path}: column '{column}' stands twice; expected one")


def _refuse_ragged(path: str | Path, content: str) -> None:
    """Raise ``CorruptFileError`` naming the first row that has more or fewer cells than the header; pandas would shift or fill it."""
    rows = (row for row in csv.reader(io.StringIO(content), strict=True) if row)
    header = next(rows, [])
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise CorruptFileError(
                f"{path}, row {number}: {len(row)} cells, but the header has {len(header)}; a cell with a comma needs quotes around it"
            )


def _refuse(path: str | Path, column: str, cells: pd.Series, wrong: pd.Series, allowed: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        value, more = cells.iloc[[rows[0]]].tolist()[0], f" ({len(rows)} such rows)" if len(rows) > 1 else ""
        raise CorruptFileError(
            f"{path}, row {rows[0] + 1}, column '{column}': {shortened(repr(value))}{more}; allowed: {allowed}"
        )
