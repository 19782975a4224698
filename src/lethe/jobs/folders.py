"""Bases and evaluators of the mini world as the folders that their libraries read."""

from __future__ import annotations

from pathlib import Path

from lethe.io.atomic import atomic_path
from lethe.pretraining import EVALUATOR_FOLDERS
from lethe.pretraining.folders import base_folder
from lethe.settings.pretraining import PretrainingSettings


def write_base(vae: list[Path], weights: list[Path], tokenizer: Path, folder: Path, settings: PretrainingSettings) -> None:
    """Put a base's pipeline folder together from checkpoints, each of which is a file of weights and its record."""
    with atomic_path(folder) as part:
        base_folder(part, vae[0], weights[0], tokenizer, settings)


def write_evaluator(weights: list[Path], tokenizer: Path, folder: Path, evaluator: str, settings: PretrainingSettings) -> None:
    """Put an evaluator's folder together from a checkpoint."""
    with atomic_path(folder) as part:
        EVALUATOR_FOLDERS.load(evaluator)(part, weights[0], tokenizer, settings)
