"""The dictionary in Markdown: tables of columns, of quantities and of the code names of methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lethe.classifiers.methods import LOOKS as CLASSIFIER_LOOKS
from lethe.core.columns import BY_ROW, HOLE, SAME, Column, Placeholder, Table
from lethe.diffusion.methods import LOOKS
from lethe.diffusion.metrics.quantities import QUANTITY

TERMS = """\
- *Emitter*: what is forgotten. *Receiver*: what a picture is asked for afterwards. Both are numbers: the index of an
  entity in `metadata_{task}_2_enriched_filtered.json`.
- *Base*: the model before anything is forgotten. Method `none` changes nothing; `retrain` never saw the emitter.
- An empty cell has no value: nothing was measured, or it is not defined.
- `low` and `high` are the ends of a 95 % interval, if the configuration does not say otherwise.
- *better* is the view of somebody who wants to forget one thing and keep the rest. An empty cell: neither direction
  is good in itself.
"""


def rows(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *cells)]


def section(table: Table, columns: Sequence[Column], files: Sequence[str] = (), level: str = "###") -> list[str]:
    """What one row of a table is, and what its columns mean.

    Args:
        columns: that are told, with their placeholders.
        files: of a world, below its folder; none: the pattern of their names.
    """
    asked = f" Made on request: `{table.asked}`." if table.asked else ""
    if not table.columns:
        text = f"No table: {table.row}."
    else:
        text = f"One row is {table.row}."
    lines = [f"{level} `{table.file}`", "", *wrapped(text + asked), ""]
    if files:
        lines += [*wrapped(f"Here: {', '.join(f'`{file}`' for file in files)}."), ""]
    if columns:
        told = ((f"`{one.name}`", one.type, _word(one.unit), _word(one.better), one.meaning) for one in columns)
        lines += [*rows(["column", "type", "unit", "better", "meaning"], told), ""]
    return lines + [line for one in table.placeholders if _used(one, columns) for line in _placeholder(one)]


def quantities(names: Iterable[str] = QUANTITY.of) -> list[str]:
    """Every quantity that images are scored by."""
    found = ((f"`{name}`", one.label, one.unit, one.better) for name, one in QUANTITY.of.items() if name in set(names))
    return rows(["quantity", "meaning", "unit", "better"], found)


def methods(diffusion: Iterable[str], classifiers: Iterable[str]) -> list[str]:
    """The code name of every method, and its name in figures and papers.

    Args:
        diffusion, classifiers: code names of both families.
    """
    found = [(f"`{name}`", LOOKS.get(name, "title", name), "diffusion model") for name in diffusion]
    found += [(f"`{name}`", CLASSIFIER_LOOKS.get(name, "title", name), "classifier") for name in classifiers]
    return rows(["method", "name in figures", "makes forget a"], found)


def wrapped(text: str, width: int = 118) -> list[str]:
    """``text`` in lines of at most ``width`` characters."""
    import textwrap

    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _used(placeholder: Placeholder, columns: Iterable[Column]) -> bool:
    return any(f"{{{placeholder.name}}}" in column.name for column in columns)


def _placeholder(one: Placeholder) -> list[str]:
    if one.of is QUANTITY.of or one.name == QUANTITY.name:
        return [f"`{{{one.name}}}` is {one.what}: see [quantities](#quantities).", ""]
    if not one.of:
        return [f"`{{{one.name}}}` is {one.what}.", ""]
    if all(meaning.label.strip("`") == name for name, meaning in one.of.items()) or len(one.of) > 30:
        names = list(one.of) if len(one.of) <= 30 else list(one.of)[:3]
        return [
            *wrapped(
                f"`{{{one.name}}}` is {one.what}: {', '.join(f'`{name}`' for name in names)}{' ...' if len(one.of) > 30 else ''}."
            ),
            "",
        ]
    told = ((f"`{name}`", meaning.label, meaning.unit, meaning.better) for name, meaning in one.of.items())
    return [f"`{{{one.name}}}` is {one.what}:", "", *rows([one.name, "meaning", "unit", "better"], told), ""]


def _word(value: str) -> str:
    return {SAME: "of the quantity", BY_ROW: "of the row's quantity"}.get(value, value)


__all__ = ["HOLE", "TERMS", "methods", "quantities", "rows", "section", "wrapped"]
