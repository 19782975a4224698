"""Answer sets: of a method, and of the base."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import BASE, answer_set
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.core.records import ModelId
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import read_parquet, write_parquet
from lethe.settings.unlearncanvas import UnlearnCanvas


def of_base(receivers: Path, emitters: Path, scores: Path, answers: Path, settings: UnlearnCanvas) -> None:
    """Write what every judge sees in the images of the base."""
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    write_parquet(answers, answer_set(canvas, read_parquet(scores), settings.judges, BASE))


def of_method(
    receivers: Path, emitters: Path, scores: list[Path], answers: Path, models: list[str], settings: UnlearnCanvas
) -> None:
    """Write what every judge sees in the images of all models of a method.

    Args:
        scores: one file per model.
        models: names of the models.
    """
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    parts = []
    for name, file in zip(models, scores, strict=True):
        model = ModelId.parse(name)
        concept = canvas.concepts[model.index]
        parts.append(answer_set(canvas, read_parquet(file), settings.judges, model.method, model.epochs, concept))
    write_parquet(answers, pd.concat(parts, ignore_index=True))
