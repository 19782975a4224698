"""A measured run of a method, and the table of what all methods cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.benchmarks.unlearncanvas.cost import checkpoint_bytes, cost_table
from lethe.benchmarks.unlearncanvas.measured_run import measure
from lethe.core.device import resolve_device
from lethe.core.records import ModelId
from lethe.io.tables import read_json, write_csv, write_json


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
    given = {name: str(file) for name, file in files.items()} | {"method": method, "hyperparameters": hyperparameters}
    given |= {"emitter": emitter, "seed": seed, "device": resolve_device(device), "fidelity": fidelity, "threads": threads}
    write_json(run, measure(given))


def tabulate(
    base: Path, records: list[Path], deltas: list[Path], runs: list[Path], table: Path, task: str, models: list[str]
) -> None:
    """Write one row per method.

    Args:
        records, deltas: one file per model. runs: of those methods that were run.
        models: names of the models.
    """
    made = [
        (ModelId.parse(name), read_json(record), delta.stat().st_size)
        for name, record, delta in zip(models, records, deltas, strict=True)
    ]
    measured = {found["method"]: found for found in map(read_json, runs)}
    write_csv(table, cost_table(task, made, measured, checkpoint_bytes(base)))
