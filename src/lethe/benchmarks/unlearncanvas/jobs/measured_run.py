"""A method on one concept in a process of its own, for its time and memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.benchmarks.unlearncanvas.measured_run import measure
from lethe.core.device import resolve_device
from lethe.io.tables import write_json


def measure_run(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    run: Path,
    method: str,
    hyperparameters: dict[str, Any],
    emitter: int,
    seed: int,
    device: str,
    fidelity: str,
    threads: int,
) -> None:
    """Forget one concept in a fresh process and write its time and peak memory.

    Args:
        emitter: the concept.
    """
    files = {"base": base, "receivers": receivers, "emitters": emitters, "latents": latents}
    given: dict[str, Any] = {name: str(file) for name, file in files.items()}
    given |= {"method": method, "hyperparameters": hyperparameters}
    given |= {"emitter": emitter, "seed": seed, "device": resolve_device(device), "fidelity": fidelity, "threads": threads}
    write_json(run, measure(given))
