"""Components of variance of a study."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.variance import components
from lethe.io.tables import read_parquet, write_csv


def tabulate(scores: Path, table: Path) -> None:
    """Spread over training seeds and over unlearning seeds of every method."""
    write_csv(table, components(read_parquet(scores)))
