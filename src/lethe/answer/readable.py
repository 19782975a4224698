"""A table as a page: sorted by a click, filtered by a word, a value and its interval in one cell. The template is ``static/table.html``.

What is the same in every row is said once and not in every row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

MOST = 1000  # rows that are shown; the CSV has all
LEAST = 3  # rows from which on a column that is the same in all of them is folded
NOTHING = 1e-12  # a number below it is what rounding left of 0
FEW, MANY = 8, 12  # with at most so many rows and more columns than that, columns are shown as rows
LOW, HIGH = "low", "high"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: as it is read. number: as it is sorted by; None for a text.
        code: what stands in the file in the place of the text, where that is another name.
    """

    text: str
    number: float | None = None
    code: str = ""


@dataclass(frozen=True)
class Readable:
    """A table as it is read.

    Attributes:
        columns: titles. rows: cells, the first of each is its heading. left_out: rows of the table that are not shown.
        same: column -> what every row says.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    left_out: int = 0
    same: Mapping[str, str] = field(default_factory=dict)


def as_read(table: pd.DataFrame, names: Mapping[str, Callable[[str], str]] = MappingProxyType({})) -> Readable:
    """A table with each interval beside its value; a short and wide one is turned, so that it is read downwards.

    Args:
        names: column -> what its codes are called; a column ``{column}_name`` beside it is left out.

    Example:
        >>> made = as_read(pd.DataFrame({"method": ["uce"], "share": [0.1234], "share_low": [0.1], "share_high": [0.2]}))
        >>> made.columns, [cell.text for cell in made.rows[0]]
        (['method', 'share'], ['uce', '0.123 [0.1, 0.2]'])
    """
    intervals = _intervals([str(name) for name in table.columns])
    hidden = {name for pair in intervals.values() for name in pair} | {f"{name}_name" for name in names if name in table}
    columns = [str(name) for name in table.columns if name not in hidden]
    lines = [
        {name: _cell(row, name, intervals.get(name), names.get(name)) for name in columns} for row in table.to_dict("records")
    ]
    same = {name: lines[0][name].text for name in columns if name != "method" and _agree(name, lines)}
    columns = [name for name in columns if name not in same]
    rows = [[line[name] for name in columns] for line in lines[:MOST]]
    if len(table) <= FEW and len(columns) > MANY:
        heading = [row[0].text for row in rows]
        turned = [[Cell(name), *(row[i] for row in rows)] for i, name in enumerate(columns)][1:]
        return Readable([columns[0], *heading], turned, same=same)
    return Readable(columns, rows, len(table) - len(rows), same)


def _agree(name: str, lines: Sequence[Mapping[str, Cell]]) -> bool:
    return len(lines) >= LEAST and len({line[name].text for line in lines}) == 1


def _intervals(columns: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Column -> its ends: ``x_low, x_high`` belong to ``x``, plain ``low, high`` to the column before them."""
    found = {name: (f"{name}_{LOW}", f"{name}_{HIGH}") for name in columns}
    found = {name: ends for name, ends in found.items() if set(ends) <= set(columns)}
    if LOW in columns and HIGH in columns and (place := columns.index(LOW)):
        found[columns[place - 1]] = (LOW, HIGH)
    return found


def _cell(row: dict[object, object], name: str, ends: tuple[str, str] | None, called: Callable[[str], str] | None = None) -> Cell:
    value = row[name]
    if called is not None and isinstance(value, str):
        text = called(value)
        return Cell(text, code="" if _plain(text) == _plain(value) else value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell("" if pd.isna(value) else str(value))  # type: ignore[call-overload]
    if math.isnan(value):
        return Cell("")
    low, high = (_number(row[end]) for end in ends) if ends else ("", "")
    return Cell(f"{_number(value)} [{low}, {high}]" if low and high else _number(value), float(value))


def _plain(name: str) -> str:
    """A name without what a code cannot hold, to see whether the code tells anything more."""
    return re.sub(r"[\W_]", "", name).lower()


def _number(value: object) -> str:
    """A number with three digits, or all digits of a whole one; nothing where it is not known."""
    if not isinstance(value, int | float) or math.isnan(value):
        return ""
    if abs(value) < NOTHING:
        return "0"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e9 else f"{value:.3g}"
