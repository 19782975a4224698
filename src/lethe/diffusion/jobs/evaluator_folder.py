"""An evaluator of the mini world as the folder that its library reads."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.pretraining import EVALUATOR_FOLDERS
from lethe.io.atomic import atomic_path
from lethe.settings.pretraining import PretrainingSettings


def write_evaluator(
    weights: list[Path], folder: Path, kind: str, settings: PretrainingSettings, tokenizer: Path | None = None
) -> None:
    """Put an evaluator's folder together from a checkpoint; only a CLIP model has a tokenizer."""
    with atomic_path(folder) as part:
        EVALUATOR_FOLDERS.load(kind)(part, weights[0], tokenizer, settings)
