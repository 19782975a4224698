"""How metadata of a task is made from the records of its source: filters and derived columns, in the order given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lethe.settings.strict import Strict

Column = Annotated[str, Field(min_length=1, max_length=200)]


class Derived(Strict):
    """A column of metadata that is computed from another one, over the entities that are still eligible."""

    column: Column = Field(description="name of the new column")
    rule: Literal["binary_above_median", "quartiles", "occupation_in_three"] = Field(description="how it is computed")
    of: Column = Field(description="column it is computed from")


class Filter(Strict):
    """An entity stays eligible only with a value in ``column``, one of ``keep`` (if given), none of ``exclude``."""

    column: Column = Field(description="column that is looked at")
    keep: list[bool | int | float | str] | None = Field(None, description="allowed values; all if not given")
    exclude: list[bool | int | float | str] = Field(default_factory=list, description="values that are not allowed")

    def passes(self, record: Mapping[str, Any]) -> bool:
        """Whether the record has an allowed value; a missing one is never allowed."""
        value = record[self.column]
        return value is not None and (self.keep is None or value in self.keep) and value not in self.exclude


def _which(entry: Any) -> str:
    return "Derived" if (isinstance(entry, Derived) or (isinstance(entry, dict) and "rule" in entry)) else "Filter"


Rule = Annotated[Annotated[Filter, Tag("Filter")] | Annotated[Derived, Tag("Derived")], Discriminator(_which)]
"""A step from records to metadata; an entry with the key ``rule`` is a derived column."""
