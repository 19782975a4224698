"""An evaluator of the mini world as the folder that its library reads."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.pretraining import EVALUATOR_FOLDERS
from lethe.io.atomic import atomic_path
from lethe.settings.pretraining import PretrainingSettings


def write_evaluator(weights: list[Path], tokenizer: Path, folder: Path, evaluator: str, settings: PretrainingSettings) -> None:
    """Put an evaluator's folder together from a checkpoint."""
    with atomic_path(folder) as part:
        EVALUATOR_FOLDERS.load(evaluator)(part, weights[0], tokenizer, settings)
