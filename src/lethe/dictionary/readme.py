"""The README of a world's tables."""

from __future__ import annotations

from collections.abc import Sequence

from lethe.core.columns import Column, Table
from lethe.dictionary.schema import PARTS, Described
from lethe.dictionary.words import TERMS, methods, quantities, rows, section


def readme(world: str, tables: Sequence[Described], diffusion: Sequence[str], classifiers: Sequence[str]) -> str:
    """What is in every table that is there.

    Args:
        world: its name. tables: that are described.
        diffusion, classifiers: code names of the methods of the world.
    """
    found: dict[str, list[Described]] = {}
    for one in tables:
        found.setdefault(one.table.file, []).append(one)
    overview = [(f"`{pattern}`", files[0].table.row, str(len(files))) for pattern, files in found.items()]
    lines = [
        *(f"# Tables of the world `{world}`", ""),
        "Written by the rule `table_dictionary`. `datapackage.json` says the same for machines (Frictionless Data).",
        *("", "## Words", "", TERMS),
        *("## Files", "", "Names are below the folder of the world; words in braces differ from file to file.", ""),
        *rows(["file", "one row is", "files"], overview),
        *("", "## Methods", "", *methods(diffusion, classifiers), ""),
        *("## Quantities", "", "Code names of what pictures are measured by, in names of columns and as values.", ""),
        *(*quantities(), ""),
    ]
    for heading, declared in PARTS.items():
        here = [table for table in declared if table.file in found]
        lines += [f"## {heading}", ""] * bool(here)
        for table in here:
            files = found[table.file]
            lines += section(table, used(table, files), [one.file for one in files])
    return "\n".join(lines).rstrip() + "\n"


def used(table: Table, files: Sequence[Described]) -> list[Column]:
    """The declared columns, or patterns, that some files of a table have."""
    there = {table.column_of(column.name).name for one in files for column in one.columns}
    return [column for column in table.columns if column.name in there]
