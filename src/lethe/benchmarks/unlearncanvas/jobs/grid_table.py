"""The points of all grids of a task, and which is chosen."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas.grid import grid_table
from lethe.io.tables import write_csv


def tabulate(grids: list[Path], table: Path) -> None:
    """Write one row per method and point.

    Args:
        grids: a table per method, with a row per point and concept.
    """
    write_csv(table, grid_table(pd.concat([pd.read_csv(grid) for grid in grids], ignore_index=True)))
