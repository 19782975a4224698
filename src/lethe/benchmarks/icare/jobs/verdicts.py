"""What becomes of every receiver, pair by pair."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.verdicts import verdict_table
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import write_csv


def tabulate(metadata: Path, off_embeddings: Path, on_embeddings: list[Path], table: Path, models: list[str]) -> None:
    """Write the verdict of every pair.

    Args:
        models: names of the models, one for each of ``on_embeddings``.
    """
    on = {name: Embeddings.load(path) for name, path in zip(models, on_embeddings, strict=True)}
    found = verdict_table(Embeddings.load(off_embeddings), on, len(read_metadata(metadata)))
    names = [record["name"] for record in read_metadata(metadata)]
    found.insert(3, "emitter_name", [names[emitter] for emitter in found["emitter"]])
    found.insert(5, "receiver_name", [names[receiver] for receiver in found["receiver"]])
    write_csv(table, found)
