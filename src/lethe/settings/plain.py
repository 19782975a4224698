"""A configuration as plain data: what YAML can hold beyond that is refused, named by its key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from lethe.settings.messages import short, visible

DEEPEST, LARGEST = 20, 100_000  # levels; values in all, as aliases of aliases count: a file of 200 bytes can hold billions
SHORTEST_EXPONENT = re.compile(r"[-+]?\d{1,3}[eE][-+]?\d{1,3}")  # YAML 1.1 takes 1e-3 for text, YAML 1.2 and users for a number


class PlainError(ValueError):
    """Something in a configuration is not plain data; the message names its key."""


def plain(config: Any) -> Any:
    """A copy of ``config`` made of mappings with text as keys, lists, text, numbers, truth values and null.

    Raises:
        PlainError: anything else (a date, bytes, a set), a number as key, a value that holds itself, more than 20 levels, more than
            100,000 values; names the key.
    """
    return _plain(config, "", iter(range(LARGEST)), 0)


def _plain(value: Any, where: str, budget: Iterator[int], depth: int) -> Any:
    place = where or "configuration"
    if next(budget, None) is None:
        raise PlainError(f"{place}: more than {LARGEST} values in all, aliases counted where they stand")
    if depth > DEEPEST:
        raise PlainError(f"{place}: more than {DEEPEST} levels deep, or a value that holds itself")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or not _is_text(key):
                raise PlainError(f"{place}: a key must be text, got {short(key)}")
        return {key: _plain(entry, _below(where, key), budget, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, _below(where, str(number)), budget, depth + 1) for number, entry in enumerate(value)]
    if isinstance(value, str) and SHORTEST_EXPONENT.fullmatch(value):
        return float(value)
    if isinstance(value, str) and not _is_text(value):
        raise PlainError(f"{place}: {short(value)} holds half of a pair of characters (a surrogate), which no file can hold")
    if isinstance(value, date):
        return value.isoformat()  # YAML's, of a text without quotes
    if isinstance(value, int) and abs(value) >= 2**63:
        raise PlainError(f"{place}: {short(value)} is too large for any number here")
    if value is not None and not isinstance(value, str | int | float):
        raise PlainError(
            f"{place}: {short(value)} is a {type(value).__name__}; allowed: text, number, true, false, list, mapping"
        )
    return value


def _is_text(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _below(where: str, key: str) -> str:
    return f"{where}.{visible(key)}" if where else visible(key)
