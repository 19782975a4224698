"""Tidy pairs of a task, method by method: from a table at hand, or from a file of which one method at a time is read."""

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

    @property
    def sampled(self) -> bool:
        """Whether models were asked for some receivers."""
        return PROBABILITY in self.table.columns

    def of(self, method: str, epochs: int) -> pd.DataFrame:
        """The rows of one method."""
        return self.table[(self.table["method"] == method) & (self.table["epochs"] == epochs)]


class PairFile:
    """Pairs in a file; the rows of the method that was asked for last are kept.

    Args:
        path: ``pairs_{task}.parquet``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._last: tuple[tuple[str, int], pd.DataFrame] | None = None

    @cached_property
    def methods(self) -> list[tuple[str, int]]:
        """Every method with its epochs, sorted."""
        return PairTable(distinct_rows([self.path], KEYS)).methods

    @cached_property
    def metrics(self) -> list[str]:
        """In the order in which they come first."""
        return PairTable(distinct_rows([self.path], ["metric"])).metrics

    @property
    def sampled(self) -> bool:
        """Whether models were asked for some receivers."""
        return PROBABILITY in columns_of_rows(self.path)

    def of(self, method: str, epochs: int) -> pd.DataFrame:
        """The rows of one method; those of others are not read."""
        if self._last is None or self._last[0] != (method, epochs):
            self._last = None  # is let go before the next is read
            self._last = (method, epochs), read_rows([self.path], filters=[("method", "==", method), ("epochs", "==", epochs)])
        return self._last[1]


PairRows = PairTable | PairFile


def pair_rows(pairs: pd.DataFrame | PairRows) -> PairRows:
    """Pairs of either kind under one interface: ``methods``, ``metrics`` and ``of``; a table is wrapped."""
    return pairs if isinstance(pairs, PairRows) else PairTable(pairs)


def read_pairs_of(paths: Iterable[str | Path], filters: Sequence[tuple[str, str, Any]] | None = None) -> pd.DataFrame:
    """What is computed from of the pairs in some files, as one table; see ``lethe.io.rows.read_rows``."""
    files = list(paths)
    columns = [*READ, *([PROBABILITY] if PROBABILITY in columns_of_rows(files[0]) else [])]
    return read_rows(files, columns=columns, filters=filters)
