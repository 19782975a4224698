"""The page of the explorer, without the data of its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lethe.benchmarks.icare.explorer.page import write_page


def write(static: list[Path], page: list[Path], world: str, tasks: list[str], parts: Sequence[Mapping[str, str]]) -> None:
    """Write the page.

    Args:
        static: its parts as they are kept in the package; found by their names, here so that a change of them is seen.
        page: its parts.
        parts: what else may lie beside it, see ``write_page``.
    """
    write_page(page[0].parent, world, tasks, parts)
