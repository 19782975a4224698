"""What every model of a task draws, as sets of images, beside what the base drew."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.distribution import distribution_summary, distribution_table
from lethe.core.records import ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import write_csv
from lethe.settings.tasks import Task
from lethe.statistics.resampling import Inference


def compare(
    metadata: Path,
    off_embeddings: Path,
    on_embeddings: list[Path],
    table: Path,
    summary: Path,
    models: list[str],
    metrics: list[str],
    task: str,
    settings: Task,
    inference: Inference,
) -> None:
    """Compare sets of images per model, and average over the emitters of a method.

    Args:
        models: names of the models, one per file of embeddings.
        metrics: names of what is computed of two sets.
        settings: of the task.
    """
    embedded = ((ModelId.parse(name), Embeddings.load(file)) for name, file in zip(models, on_embeddings, strict=True))
    found = distribution_table(task, Embeddings.load(off_embeddings), embedded, len(read_metadata(metadata)), metrics)
    level = 1 - inference.alpha
    write_csv(table, found)
    write_csv(summary, distribution_summary(found, settings.tuning_emitters, inference.bootstrap, level, inference.seed))
