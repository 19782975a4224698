"""A classifier from outside, examined and kept as a local folder."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.pretraining.assets import save_asset
from lethe.diffusion.pretraining.checkpoint import read_classifier
from lethe.io.atomic import atomic_path
from lethe.io.hashing import sha256_file
from lethe.io.tables import write_json
from lethe.settings.pretraining import PretrainingSettings


def take_classifier(weights: list[Path], folder: Path, classes: list[str], settings: PretrainingSettings) -> None:
    """Write the folder of a judge from a published checkpoint.

    Args:
        classes: values of the attribute that it tells, in the order of its outputs; they belong to no task, so they have no prefix.
    """
    state = read_classifier(weights[0], classes, settings.judge)
    with atomic_path(folder) as part:
        part.mkdir(parents=True, exist_ok=True)
        write_json(part / "config.json", {"settings": settings.judge.model_dump(mode="json"), "classes": classes})
        origin = {"path": str(weights[0]), "sha256": sha256_file(weights[0]), "classes": classes}
        save_asset(part / "judge.safetensors", {"judge": state}, origin, bits=32)
