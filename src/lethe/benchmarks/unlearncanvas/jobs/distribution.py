"""Sets of images of every model against real ones."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.distribution import distribution_table
from lethe.core.records import ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import write_csv
from lethe.settings.unlearncanvas import UnlearnCanvas


def compare(
    receivers: Path,
    emitters: Path,
    real: Path,
    base: Path,
    models_embeddings: list[Path],
    table: Path,
    task: str,
    models: list[str],
    settings: UnlearnCanvas,
) -> None:
    """Write the distances of every model.

    Args:
        real, base, models_embeddings: embeddings of images; of the models one file each.
        models: names of the models.
    """
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    drawn = ((ModelId.parse(name), Embeddings.load(file)) for name, file in zip(models, models_embeddings, strict=True))
    write_csv(table, distribution_table(task, Embeddings.load(real), Embeddings.load(base), drawn, canvas))
