"""Tidy pairs of a task, method by method: from a table at hand, or from files of which one method, or some metrics, are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.benchmarks.icare.pairs import PROBABILITY
from lethe.io.rows import columns_of_rows, distinct_rows, read_rows

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["method", "epochs"]
TOLD = ("task", "left_out")  # beside what is computed from, of one method
READ = (*KEYS, "emitter", "receiver", "metric", "value")  # what is computed from


class PairTable:
    """Pairs that are at hand as a table."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    @cached_property
    def methods(self) -> list[tuple[str, int]]:
        """Every method with its epochs, sorted as text, in whatever order categories are."""
        found = self.table[KEYS].drop_duplicates().itertuples(index=False)
        return sorted((str(method), int(epochs)) for method, epochs in found)

    @cached_property
    def metrics(self) -> list[str]:
        """In the order in which they come first."""
        return [str(name) for name in self.table["metric"].drop_duplicates()]

    @cached_property
    def named(self) -> list[str]:
        """Every method, in the order in which they come first."""
        return [str(name) for name in self.table["method"].drop_duplicates()]

    @property
    def sampled(self) -> bool:
        """Whether models were asked for some receivers."""
        return PROBABILITY in self.table.columns

    def of(self, method: str, epochs: int) -> pd.DataFrame:
        """The rows of one method."""
        return self.table[(self.table["method"] == method) & (self.table["epochs"] == epochs)]

    def of_method(self, method: str) -> pd.DataFrame:
        """The rows of one method, whatever its epochs."""
        return self.table[self.table["method"] == method]

    def measured_by(self, metrics: Sequence[str]) -> pd.DataFrame:
        """The rows of some metrics, under every method."""
        return self.table[self.table["metric"].isin(list(metrics))]


class PairFile:
    """Pairs in files; the rows of the method that was asked for last are kept.

    Args:
        paths: ``pairs_{task}.parquet``, or those of its methods.
    """

    def __init__(self, *paths: str | Path) -> None:
        self.paths = paths
        self._last: tuple[tuple[str, int], pd.DataFrame] | None = None

    @cached_property
    def methods(self) -> list[tuple[str, int]]:
        """Every method with its epochs, sorted."""
        return PairTable(distinct_rows(self.paths, KEYS)).methods

    @cached_property
    def metrics(self) -> list[str]:
        """In the order in which they come first."""
        return PairTable(distinct_rows(self.paths, ["metric"])).metrics

    @cached_property
    def named(self) -> list[str]:
        """Every method, in the order in which they come first."""
        return PairTable(distinct_rows(self.paths, ["method"])).named

    @property
    def sampled(self) -> bool:
        """Whether models were asked for some receivers."""
        return PROBABILITY in columns_of_rows(self.paths[0])

    def of(self, method: str, epochs: int) -> pd.DataFrame:
        """The rows of one method; those of others are not read."""
        if self._last is None or self._last[0] != (method, epochs):
            self._last = None  # is let go before the next is read
            asked = [("method", "==", method), ("epochs", "==", epochs)]
            self._last = (method, epochs), read_pairs_of(self.paths, filters=asked, more=TOLD)
        return self._last[1]

    def of_method(self, method: str) -> pd.DataFrame:
        """The rows of one method, whatever its epochs; those of others are not read."""
        return read_pairs_of(self.paths, filters=[("method", "==", method)])

    def measured_by(self, metrics: Sequence[str]) -> pd.DataFrame:
        """The rows of some metrics, under every method; those of others are not read."""
        return read_pairs_of(self.paths, filters=[("metric", "in", list(metrics))])


PairRows = PairTable | PairFile


def pair_rows(pairs: pd.DataFrame | PairRows) -> PairRows:
    """Pairs of either kind under one interface: by method or by metric; a table is wrapped."""
    return pairs if isinstance(pairs, PairRows) else PairTable(pairs)


def read_pairs_of(
    paths: Iterable[str | Path], filters: Sequence[tuple[str, str, Any]] | None = None, more: Iterable[str] = ()
) -> pd.DataFrame:
    """What is computed from of the pairs in some files, as one table; see ``lethe.io.rows.read_rows``.

    Args:
        more: further columns, where there are such.
    """
    files = list(paths)
    there = columns_of_rows(files[0])
    columns = [*READ, *(name for name in (PROBABILITY, *more) if name in there)]
    return read_rows(files, columns=columns, filters=filters)
