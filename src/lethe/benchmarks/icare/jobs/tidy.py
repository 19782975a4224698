"""The table of unlearning with one number a row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.icare.tidy import tidy
from lethe.io.tables import readable, write_csv


def write_tidy(table: Path, tidied: Path) -> None:
    """Write the numbers of a wide table of unlearning, one a row."""
    with readable(table, "a table"):
        wide = pd.read_csv(table)
    write_csv(tidied, tidy(wide))
