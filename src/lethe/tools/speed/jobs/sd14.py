"""Stable Diffusion v1.4's size on the CPU."""

from __future__ import annotations

from pathlib import Path

from lethe.io.atomic import atomic_path
from lethe.io.tables import write_json
from lethe.tools.speed.sd14 import bench_sd14, write_folder


def write_untrained(folder: Path) -> None:
    """Write a pipeline folder of its architecture with random weights."""
    with atomic_path(folder) as part:
        write_folder(part)


def measure(folder: Path, json: Path) -> None:
    """Apply unlearned models, take them back, and draw an image."""
    write_json(json, bench_sd14(folder))
