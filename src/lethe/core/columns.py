"""What a column of a table means: the one place from which every description of the tables is made.

A benchmark declares its tables beside the code that writes them, in a module ``columns``. Names that come from a registry are not typed
again: a column's name may hold placeholders, ``{metric}_others``, and a ``Placeholder`` says what may stand there. So a metric that is
registered is described at once::

    METRIC = Placeholder("metric", "a quantity", {"ssim": Named("SSIM of on and off", better="higher")})
    HARM = Table("tables/harm_{task}.csv", "a method", [text("method", "what unlearned"), number("{metric}_mean", "mean of {metric}")], [METRIC])
    HARM.described("ssim_mean").meaning  # 'mean of SSIM of on and off'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from lethe.core.registry import nearest

Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "any"]  # as in Frictionless' Table Schema
Better: TypeAlias = Literal["", "higher", "lower"]
SAME = "same"  # unit or direction: those of what stands in the place of the (last) placeholder
BY_ROW = "by row"  # unit or direction: those of the quantity that the row names
SHARE = "share, 0 to 1"
CORRELATION = "-1 to 1"
HOLE = re.compile(r"\{(\w+)\}")


class UndescribedError(KeyError):
    """A table or a column that no module describes; the message names it and the nearest one."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Named:
    """What a name in the place of a placeholder means.

    Attributes:
        label: in words. unit: of its numbers; empty: none. better: which way is better, of whoever wants to keep; empty: neither.
    """

    label: str
    unit: str = ""
    better: Better = ""


@dataclass(frozen=True)
class Placeholder:
    """A part of a column's name that differs from column to column.

    Attributes:
        name: between the braces. what: stands there, in words.
        of: each name that may stand there -> what it means; empty: any text, which then is its own label.
    """

    name: str
    what: str
    of: Mapping[str, Named]

    @property
    def pattern(self) -> str:
        """A regular expression of what may stand there; longer names first, since one may begin with another."""
        return "|".join(sorted(map(re.escape, self.of), key=len, reverse=True)) or ".+?"

    def named(self, value: str) -> Named:
        """What ``value`` means in its place."""
        return self.of.get(value, Named(f"`{value}`"))


@dataclass(frozen=True)
class Column:
    """A column, or all columns whose names follow one pattern.

    Attributes:
        name: as in the file; ``{placeholder}`` where names differ.
        meaning: in words, with the same placeholders.
        type: of its values.
        unit: of its values, or ``SAME`` or ``BY_ROW``; empty: none.
        better: which way is better, or ``SAME`` or ``BY_ROW``; empty: neither.
    """

    name: str
    meaning: str
    type: Kind = "number"
    unit: str = ""
    better: str = ""


@dataclass(frozen=True)
class Table:
    """A table that a rule writes.

    Attributes:
        file: below the folder of a world, with wildcards of the rule in braces.
        row: what one row is.
        columns: in the order of the file.
        placeholders: of the columns' names.
        asked: the target that makes it; empty: it is part of ``demo`` or ``all``.
    """

    file: str
    row: str
    columns: Sequence[Column]
    placeholders: Sequence[Placeholder] = ()
    asked: str = ""

    @cached_property
    def matcher(self) -> re.Pattern[str]:
        """What the names of its files look like."""
        return re.compile(_pattern(self.file, {}, r"[^/]+?"))

    @property
    def literal(self) -> int:
        """How many characters of the file's name are no wildcard: of two patterns that fit, the longer one is meant."""
        return len(HOLE.sub("", self.file))

    @cached_property
    def _matchers(self) -> list[tuple[Column, re.Pattern[str]]]:
        patterns = {one.name: one.pattern for one in self.placeholders}
        found = [(column, re.compile(_pattern(column.name, patterns, ".+?"))) for column in self.columns]
        return sorted(found, key=lambda pair: _exactness(pair[0].name))

    def described(self, name: str) -> Column:
        """The column ``name`` of a file, with what stands in the place of placeholders.

        Raises:
            UndescribedError: it is not described.
        """
        column, values = self._found(name)
        named = {key: self._placeholder(key).named(value) for key, value in values.items()}
        same = list(named.values())[-1] if named else Named("")
        return Column(
            name,
            HOLE.sub(lambda hole: named[hole[1]].label if hole[1] in named else hole[0], column.meaning),
            column.type,
            same.unit if column.unit == SAME else column.unit,
            same.better if column.better == SAME else column.better,
        )

    def column_of(self, name: str) -> Column:
        """The declared column, or pattern, of the column ``name`` of a file; errors as in ``described``."""
        return self._found(name)[0]

    def _found(self, name: str) -> tuple[Column, dict[str, str]]:
        for column, matcher in self._matchers:
            if match := matcher.fullmatch(name):
                return column, match.groupdict()
        known = [column.name for column in self.columns]
        raise UndescribedError(
            f"{self.file}: column '{name}' is not described; there are {', '.join(known)}{nearest(name, known)}"
        )

    def _placeholder(self, name: str) -> Placeholder:
        return next(one for one in self.placeholders if one.name == name)


def table_of(tables: Iterable[Table], file: str) -> Table:
    """The table that a file is, of those whose names fit the most exact one.

    Args:
        file: below the folder of the world, e.g. ``tables/harm_objects.csv``.

    Raises:
        UndescribedError: no table is written under such a name.
    """
    known = list(tables)
    fit = [table for table in known if table.matcher.fullmatch(file)]
    if not fit:
        raise UndescribedError(f"{file}: no table is described under this name{nearest(file, [table.file for table in known])}")
    return max(fit, key=lambda table: table.literal)


def _exactness(name: str) -> tuple[bool, int]:
    """A sort key: names that are written out first, then patterns by how much of them is written out."""
    return "{" in name, -len(HOLE.sub("", name))


def _pattern(text: str, patterns: Mapping[str, str], otherwise: str) -> str:
    """A regular expression of ``text`` with a group per placeholder; a second one of the same name is the same text."""
    parts, seen = [], set[str]()
    for place, part in enumerate(HOLE.split(text)):
        if place % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>{patterns.get(part, otherwise)})")
            seen.add(part)
    return "".join(parts)


# --- short forms ---


def text(name: str, meaning: str) -> Column:
    """A column of words."""
    return Column(name, meaning, "string")


def count(name: str, meaning: str, unit: str = "") -> Column:
    """A column of whole numbers."""
    return Column(name, meaning, "integer", unit)


def flag(name: str, meaning: str) -> Column:
    """A column of True and False."""
    return Column(name, meaning, "boolean")


def number(name: str, meaning: str, unit: str = "", better: str = "") -> Column:
    """A column of numbers."""
    return Column(name, meaning, "number", unit, better)


def interval(name: str, meaning: str, unit: str = "", better: str = "", ends: str = "", over: str = "") -> tuple[Column, ...]:
    """A number and the ends of its interval.

    Args:
        ends: what the names of both ends begin with; empty: ``{name}_``.
        over: what is drawn anew for the interval, in words.
    """
    begin, of = ends or f"{name}_", f" over {over}" if over else ""
    return (
        number(name, meaning, unit, better),
        number(f"{begin}low", f"lower end of the interval of `{name}`{of}", unit, better),
        number(f"{begin}high", f"upper end of the interval of `{name}`{of}", unit, better),
    )


def gates(file: str, of: str, asked: str = "") -> Table:
    """A file of gates (``lethe.core.gate``): JSON, a list of records.

    Args:
        of: what they are about.
    """
    return Table(
        file,
        f"a gate of {of}: a condition that must hold before its tables are believed",
        [
            text("gate", "name of the condition"),
            number("value", "what was measured; empty where a number is missing"),
            number("target", "what the value is held against"),
            flag("holds", "whether the condition holds"),
            text("how", "what was computed, in a sentence"),
        ],
        asked=asked,
    )


def between(unit: str = "", better: str = "", over: str = "", of: str = "the value") -> tuple[Column, ...]:
    """The columns ``low`` and ``high`` of a table."""
    drawn = f" over {over}" if over else ""
    return (
        number("low", f"lower end of the interval of {of}{drawn}", unit, better),
        number("high", f"upper end of the interval of {of}{drawn}", unit, better),
    )
