"""Interference of unlearned models."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.pairs import image_quantities, pair_means, write_pairs
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import read_parquet


def write_emitters(metadata: Path, off: Path, on: list[Path], files: list[Path], models: list[str], fidelity: Fidelity) -> None:
    """Write the published interference file of each emitter of a batch.

    Args:
        off, on: scores of the base and of each model.
        files: one per model.
        models: names of the models.
    """
    names = [record["name"] for record in read_metadata(metadata)]
    baseline = read_parquet(off)
    for model, scores, file in zip(models, on, files, strict=True):
        means = pair_means(image_quantities(baseline, read_parquet(scores), str(scores)), len(names), str(scores))
        write_pairs(file.parent, means, names, ModelId.parse(model), fidelity)
