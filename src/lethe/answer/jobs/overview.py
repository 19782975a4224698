"""What the explorer shows first: of a task as JSON, which its folder takes in; of a study or a canvas as the page reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from lethe.answer.overview import of_canvas, of_study, of_task
from lethe.benchmarks.icare.explorer.data import script
from lethe.benchmarks.icare.pair_rows import read_pairs_of
from lethe.io.atomic import write_text
from lethe.io.gates import read_gates
from lethe.io.tables import read_json, write_json


def tell_task(tables: list[Path], pairs: Path, floor: Path, gates: Path, overview: Path, task: str, exclude: list[int]) -> None:
    """Write the overview of a task of I-CARE.

    Args:
        tables: what sentences are read from; found by their names, here so that a change of them is seen.
        floor: what two seeds of the base differ. exclude: emitters that hyper-parameters were chosen on.
    """
    folder = pairs.parent
    write_json(
        overview,
        of_task(
            folder,
            task,
            read_pairs_of([pairs]),
            read_json(floor),
            read_gates(gates),
            exclude,
        ),
    )


def tell_study(tables: list[Path], gates: list[Path], overview: Path, study: str) -> None:
    """Write the overview of a study of Deep Unlearn; ``tables`` as in ``tell_task``."""
    found = [gate for file in gates for gate in read_gates(file)]
    _write(overview, of_study(tables[0].parents[1], study, found))


def tell_canvas(table: Path, overview: Path, task: str, gates: list[Path], confusion: list[Path]) -> None:
    """Write the overview of a task of UnlearnCanvas.

    Args:
        table: of the accuracies. gates, confusion: one file each, or none where the demo does not compute it.
    """
    found = [gate for file in gates for gate in read_gates(file)]
    drawn = pd.read_csv(confusion[0]) if confusion else None
    _write(overview, of_canvas(table.parents[1], task, f"tables/{table.name}", found, drawn))


def link(answer: Path, links: Path) -> None:
    """Write the way from the explorer to an answer, which is there."""
    text = "The answer of the demo" if answer.stem.endswith("_demo") else "The answer, on one page"
    write_text(links, script("link", text, {"address": f"../{answer.name}"}))


def _write(overview: Path, content: dict[str, Any]) -> None:
    write_text(overview, script("overview", overview.parent.name, content))
