"""Wildcards of rules: what a function gets, and which texts each one may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol


class Wildcards(Protocol):
    """The values of a job's wildcards, by name."""

    def __getattr__(self, name: str) -> str: ...

    def __iter__(self) -> Iterator[str]: ...

    def items(self) -> Iterable[tuple[str, str]]:
        """Name and value of each."""


def one_of(names: Iterable[str]) -> str:
    """A constraint: exactly one of these texts; of none, nothing at all.

    >>> one_of(["uce", "munba_published"])
    '(?:uce|munba_published)'
    """
    return f"(?:{'|'.join(map(re.escape, names)) or '(?!)'})"
