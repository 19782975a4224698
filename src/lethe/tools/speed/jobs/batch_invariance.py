"""The same images at batch 1 and batch 40."""

from __future__ import annotations

from pathlib import Path

from lethe.core.device import resolve_device
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.io.tables import write_json
from lethe.settings.generation import Generation
from lethe.tools.speed.invariance import bench_batch_invariance


def measure(base: Path, receivers: Path, json: Path, task: str, generation: Generation, world: str, device: str) -> None:
    """Write the largest difference of a pixel."""
    asked = read_receivers(receivers)
    write_json(json, bench_batch_invariance(base, asked, generation, world, task, resolve_device(device)))
