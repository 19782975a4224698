"""The table of how much SPEED can erase on a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.benchmarks.unlearncanvas.capacity import capacity_table
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.core.device import resolve_device
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import chosen, read_emitters, read_receivers
from lethe.io.tables import write_csv
from lethe.settings.unlearncanvas import UnlearnCanvas


def measure_capacity(
    base: Path,
    receivers: Path,
    emitters: Path,
    table: Path,
    task: str,
    concepts: Sequence[int],
    hyperparameters: dict[str, object],
    settings: UnlearnCanvas,
    device: str,
) -> None:
    """Write one row per concept and rank of the null space.

    Args:
        concepts: indices of emitters. hyperparameters: of SPEED.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    canvas, pipe = canvas_of(asked, forgotten, settings), load_pipeline(base, device=resolve_device(device))
    prompts = {receiver.index: receiver.prompt for receiver in asked}
    write_csv(table, capacity_table(task, pipe, chosen(forgotten, concepts), canvas.concepts, prompts, hyperparameters))
