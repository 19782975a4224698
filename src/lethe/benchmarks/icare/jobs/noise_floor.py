"""The two-seed noise floor of a task."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.noise_floor import noise_floor
from lethe.io.tables import read_parquet, write_json


def compute(off: Path, seed_pairs: Path, floor: Path) -> None:
    """Write what differs between two seeds of the base.

    Args:
        off: scores of the off images.
        seed_pairs: pair metrics between two seeds.
    """
    write_json(floor, noise_floor(read_parquet(off), read_parquet(seed_pairs)))
