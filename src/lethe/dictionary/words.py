"""The dictionary in Markdown: tables of columns, of quantities and of the code names of methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lethe.classifiers.methods import LOOKS as CLASSIFIER_LOOKS
from lethe.core.columns import BY_ROW, HOLE, SAME, Column, Placeholder, Table
from lethe.diffusion.methods import LOOKS
from lethe.diffusion.metrics.quantities import QUANTITY

FEW = 12  # names that a placeholder may stand for, up to which each is told
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
    text = _sentence(f"One row is {table.row}" if table.columns else f"No table: {table.row}")
    lines = [f"{level} `{table.file}`", "", *wrapped(text + _asked(table)), ""]
    if files:
        lines += [*wrapped(f"Here: {', '.join(f'`{file}`' for file in files)}."), ""]
    if columns:
        told = ((f"`{one.name}`", one.type, _word(one.unit, one), _word(one.better, one), one.meaning) for one in columns)
        lines += [*rows(["column", "type", "unit", "better", "meaning"], told), ""]
    return lines + [line for one in table.placeholders if _used(one, columns) for line in _placeholder(one)]


def _asked(table: Table) -> str:
    """What makes a table that a plain run leaves out."""
    target, _, where = table.asked.partition(" (")
    if not target:
        return ""
    if " " in target:
        return f" Made when it is asked for {target}."
    return f" Made by `{target}`{f' ({where}' if where else ''}."


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
    begin = f"`{{{one.name}}}` is {one.what}"
    if one.name == QUANTITY.name:
        return [f"{begin}: see [Quantities](#quantities).", ""]
    if one.of and len(one.of) <= FEW and any(meaning.label != f"`{name}`" for name, meaning in one.of.items()):
        told = ((f"`{name}`", meaning.label, meaning.unit, meaning.better) for name, meaning in one.of.items())
        return [f"{begin}:", "", *rows([one.name, "meaning", "unit", "better"], told), ""]
    names = ", ".join(f"`{name}`" for name in list(one.of)[: FEW if len(one.of) <= FEW else 2])
    more = f", one of {len(one.of)} such as {names}" if len(one.of) > FEW else f": {names}" if names else ""
    return [*wrapped(f"{begin}{more}."), ""]


def _word(value: str, column: Column) -> str:
    hole = HOLE.findall(column.name)
    return {SAME: f"as {{{hole[-1]}}}" if hole else "", BY_ROW: "as the row's quantity"}.get(value, value)


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."
