"""What a figure shows: estimates with their uncertainty, and the rows that its figure draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, overload

import numpy as np
import pandas as pd

from lethe.io.tables import Lazy
from lethe.statistics.entity_tests import Tested
from lethe.statistics.resampling import q_values

AT_ONCE = 10_000  # rows that are dicts at the same time


@dataclass(frozen=True)
class Finding:
    """One number and how sure it is; None where something is not known or not defined.

    Attributes:
        name: what was estimated, e.g. ``spearman``.
        value: the estimate; an effect size where there is one.
        low, high: its interval.
        p: p-value of its test; a finding without a value has none.
        q: the same within the family of the figure's tests (Benjamini and Hochberg); never set for published statistics.
        n: number of units.
        how: what was computed, in one sentence.
        group: which panel, method or category it belongs to.
    """

    name: str
    value: float | None
    n: int
    how: str
    low: float | None = None
    high: float | None = None
    p: float | None = None
    q: float | None = None
    group: str = ""

    def __post_init__(self) -> None:
        if self.value is None or not math.isfinite(self.value):
            object.__setattr__(self, "p", None)


class TableRows(Sequence[dict[str, Any]]):
    """The rows of a table as dicts, each made when it is asked for: a million of them at once would take a gigabyte.

    Example:
        >>> rows = TableRows(pd.DataFrame({"method": ["uce", "munba"], "value": [0.5, 1.0]}))
        >>> rows[1], len(rows)
        ({'method': 'munba', 'value': 1.0}, 2)
    """

    def __init__(self, table: pd.DataFrame) -> None:
        """Take a table as its rows say it: texts in place of categories, numbers of 64 bits."""
        plainer = {
            name: object if isinstance(kind, pd.CategoricalDtype) else {"f": np.float64, "i": np.int64, "u": np.int64}[kind.kind]
            for name, kind in table.dtypes.items()
            if isinstance(kind, pd.CategoricalDtype) or kind.kind in "fiu"
        }
        self.table = table.astype(plainer).infer_objects().reset_index(drop=True).rename(columns=str)

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for first in range(0, len(self.table), AT_ONCE):
            for row in self.table[first : first + AT_ONCE].to_dict("records"):
                yield {str(name): value for name, value in row.items()}

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> TableRows: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | TableRows:
        if isinstance(place, slice):
            return TableRows(self.table[place])
        (row,) = self.table.iloc[[place]].to_dict("records")
        return {str(name): value for name, value in row.items()}


@dataclass(frozen=True)
class Result:
    """A result, ready for JSON.

    Attributes:
        findings: the statistics.
        rows: what the figure draws, one dict per point or cell.
        axes: axis of the figure -> (kind of quantity, its name), e.g. ``{"x": ("similarity", "clip")}``.
        notes: anything else that a reader needs: counts, partitions, what was left out and why.
        columns: of the table of ``rows``; empty: the keys of the rows.
    """

    findings: tuple[Finding, ...]
    rows: Sequence[dict[str, Any]]
    axes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, table: pd.DataFrame, notes: Mapping[str, Any] | None = None) -> Result:
        """A result whose rows are those of a table, and which finds nothing beyond it."""
        return cls((), TableRows(table), notes=notes or {}, columns=tuple(map(str, table.columns)))

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a table; its columns are there also where there is no row."""
        return (
            self.rows.table
            if isinstance(self.rows, TableRows)
            else pd.DataFrame(list(self.rows), columns=list(self.columns) or None)
        )

    def csv(self) -> str:
        """The table as CSV, six significant digits."""
        return self.table.to_csv(index=False, float_format="%.6g", lineterminator="\n")

    def record(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The published form ``{"metadata": ..., "result": ...}`` as plain data; NaN and infinities become None.

        ``rows`` are made while they are written.
        """
        result = {
            "findings": [asdict(finding) for finding in self.findings],
            "axes": dict(self.axes),
            "notes": dict(self.notes),
        }
        return {
            "metadata": plain(dict(metadata)),
            "result": plain(result) | {"rows": Lazy(map(plain, self.rows), len(self.rows))},
        }


def plain(value: Any) -> Any:
    """JSON data: numpy scalars and arrays become Python's, NaN and infinities None."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def number(value: Any) -> float | None:
    """A finite float or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def tested(name: str, results: Tested, place: int, how: str, group: str = "") -> Finding:
    """The finding of one of several tests."""
    effect, low, high, p = (number(values[place]) for values in (results.effect, results.low, results.high, results.p))
    return Finding(name, effect, int(results.n[place]), how, low, high, p, group=group)


def published(tests: Mapping[str, tuple[float, float]], n: int, how: str, group: str = "") -> list[Finding]:
    """The findings of the reference's raw tests."""
    return [Finding(name, number(value), n, how, p=number(p), group=group) for name, (value, p) in tests.items()]


def with_q(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with q-values over all of them that have a p: the family of this figure."""
    q = q_values([math.nan if finding.p is None else finding.p for finding in findings])
    return tuple(replace(finding, q=number(value)) for finding, value in zip(findings, q, strict=True))
