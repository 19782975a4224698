"""An evaluator from outside, fetched once and kept as a local folder."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.metrics.folders import save_pretrained_evaluator
from lethe.io.atomic import atomic_path
from lethe.settings.bases import Evaluator


def take_evaluator(folder: Path, settings: Evaluator) -> None:
    """Fetch the CLIP model or the backbone from its hub."""
    with atomic_path(folder) as part:
        save_pretrained_evaluator(part, settings.kind, settings.path, settings.weights, settings.revision)
