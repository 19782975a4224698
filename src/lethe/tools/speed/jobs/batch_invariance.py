"""The same images at batch 1 and batch 40."""

from __future__ import annotations

from pathlib import Path

from lethe.core.device import resolve_device
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import write_json
from lethe.settings.generation import Generation
from lethe.tools.speed.invariance import bench_batch_invariance


def measure(
    base: Path, metadata: Path, json: Path, task: str, style: str, generation: Generation, world: str, device: str
) -> None:
    """Write the largest difference of a pixel."""
    entities = read_metadata(metadata)
    write_json(json, bench_batch_invariance(base, entities, style, generation, world, task, resolve_device(device)))
