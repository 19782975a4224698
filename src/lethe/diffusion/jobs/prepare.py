"""What a method prepares for all emitters of a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.core.device import resolve_device
from lethe.core.records import Fidelity
from lethe.diffusion.methods import prepared
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers


def prepare(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    tensors: Path,
    record: Path,
    task: str,
    method: str,
    hyperparameters: dict[str, Any],
    seed: int,
    device: str,
    fidelity: Fidelity,
) -> None:
    """Prepare it once; the record tells in how many seconds.

    Args:
        tensors, record: what is written.
        task, method: wildcards.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    prepared.prepare(
        tensors,
        record,
        task=task,
        method=method,
        base=base,
        data=training_data(latents, asked, forgotten, fidelity),
        hyperparameters=hyperparameters,
        seed=seed,
        device=resolve_device(device),
    )
