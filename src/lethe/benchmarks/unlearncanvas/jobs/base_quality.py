"""How well a base draws what it is asked for, before anything is unlearned."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.unlearncanvas.base_quality import base_table
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import read_parquet, write_csv
from lethe.settings.unlearncanvas import UnlearnCanvas


def tabulate_base(
    receivers: Path,
    emitters: Path,
    real_scores: Path,
    real: Path,
    base_scores: Path,
    base: Path,
    table: Path,
    task: str,
    settings: UnlearnCanvas,
) -> None:
    """Write what judges see in the images of a base and in real ones, and how far the two sets are apart.

    Args:
        real_scores, base_scores: of images. real, base: their embeddings.
    """
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    scores = {"real": read_parquet(real_scores), "base": read_parquet(base_scores)}
    write_csv(table, base_table(task, canvas, settings.judges, scores, Embeddings.load(real), Embeddings.load(base)))
