"""A base of the mini world as the pipeline folder that diffusers reads."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.pretraining.folders import base_folder
from lethe.io.atomic import atomic_path
from lethe.settings.pretraining import PretrainingSettings


def write_base(vae: list[Path], weights: list[Path], tokenizer: Path, folder: Path, settings: PretrainingSettings) -> None:
    """Put a base's pipeline folder together from checkpoints, each of which is a file of weights and its record."""
    with atomic_path(folder) as part:
        base_folder(part, vae[0], weights[0], tokenizer, settings)
