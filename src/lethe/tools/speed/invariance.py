"""Is a picture the same at any batch size?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.generate import generate
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.render import requests_of
from lethe.diffusion.testbed.receivers import Receiver
from lethe.settings.generation import Generation

TARGET = 1  # of 255


def bench_batch_invariance(
    base: str | Path,
    receivers: Sequence[Receiver],
    generation: Generation,
    world: str,
    task: str,
    device: str,
) -> dict[str, Any]:
    """Largest difference of any pixel between the same images drawn one by one and forty at a time.

    Returns:
        ``value`` in units of 1/255, ``target``, ``holds``, ``how``.
    """
    pipe = load_pipeline(base, device=device)
    requests = requests_of(receivers, generation.seeds, NoneDelta())[:40]

    def draw(batch_size: int) -> np.ndarray:
        settings = generation.model_copy(update={"batch_size": batch_size})
        return np.stack([image for _, image in generate(pipe, requests, settings, world=world, task=task)])

    value = int(np.abs(draw(1).astype(int) - draw(40).astype(int)).max())
    return {
        "value": value,
        "target": TARGET,
        "holds": value <= TARGET,
        "how": f"max |pixel difference| of {len(requests)} images of {task} between batch 1 and batch 40, {device}, {generation.steps} steps",
    }
