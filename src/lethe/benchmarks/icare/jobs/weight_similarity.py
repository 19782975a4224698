"""How alike the models of a method are."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.weight_similarity import weight_similarity
from lethe.diffusion.delta import load_delta
from lethe.diffusion.testbed.similarity import to_records
from lethe.io.tables import read_json, write_json


def compute(metadata: Path, deltas: list[Path], matrix: Path) -> None:
    """Write the cosines of the deltas of a method.

    Args:
        deltas: one file per entity.
    """
    names = [record["name"] for record in read_json(metadata)]
    write_json(matrix, to_records(names, weight_similarity([load_delta(path) for path in deltas])))
