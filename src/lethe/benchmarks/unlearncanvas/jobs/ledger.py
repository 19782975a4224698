"""Our numbers beside published ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas import ledger
from lethe.io.tables import write_csv


def compare(accuracy: Path, cost: Path, references: list[Path], table: Path) -> None:
    """Ours against theirs, one row per published number.

    Args:
        accuracy, cost: tables of the task.
        references: files of config/reference.
    """
    published = pd.concat([ledger.read_reference(file) for file in references], ignore_index=True)
    write_csv(table, ledger.ledger(published, pd.read_csv(accuracy), pd.read_csv(cost)))
