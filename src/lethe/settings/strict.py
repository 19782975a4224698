"""The base of every settings model: unknown keys are errors, values are checked, nothing changes afterwards."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from lethe.core.records import NAME
from lethe.core.registry import nearest

LONGEST_TEXT = 1000  # characters of any text in a configuration
BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # what makes a text look like another one

Name = Annotated[str, Field(pattern=f"^{NAME}$", max_length=40)]


def without_removed(value: Any) -> Any:
    """Leave out what an overlay sets to null (a task, a data set): overlays can add and change keys, not delete them."""
    return {key: entry for key, entry in value.items() if entry is not None} if isinstance(value, dict) else value


Removable = BeforeValidator(without_removed)
"""Of a mapping of names to settings: an entry that is null is left out. Anywhere else null is a value like any other."""


class Strict(BaseModel):
    """A settings model that refuses unknown keys, infinity and NaN, an entry of a list given twice, and text nobody can see.

    A tuple (widths per block, flags per block) may repeat a value; a list is a set whose order counts.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, str_max_length=LONGEST_TEXT
    )

    @field_validator("*")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if isinstance(value, list):
            check_distinct(value)
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str):
                check_text(text)
        return value


def check_distinct(values: Sequence[Any]) -> None:
    """Raise a ``ValueError`` naming the first value that is given twice; ``1`` and ``True`` are two values."""
    seen = set()
    for value in values:
        if (text := repr(value)) in seen:
            raise ValueError(f"{text} is given twice")
        seen.add(text)


def check_text(text: str) -> None:
    """Raise a ``ValueError`` naming the first character that nobody sees: control, direction of writing, half of a pair."""
    for place, letter in enumerate(text):
        if unicodedata.category(letter) in ("Cc", "Cs") or unicodedata.bidirectional(letter) in BIDIRECTIONAL:
            raise ValueError(f"{text[:100]!a} holds the control character U+{ord(letter):04X} at place {place}")


def check_known(where: str, name: str, allowed: list[str]) -> None:
    """Raise a ``ValueError`` naming the key ``where``, what is allowed and the nearest match unless ``name`` is allowed."""
    if name not in allowed:
        raise ValueError(f"{where}: '{name}' is unknown; allowed: {', '.join(allowed)}{nearest(name, allowed)}")
