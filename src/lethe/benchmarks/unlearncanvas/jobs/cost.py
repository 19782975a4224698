"""The table of what all methods cost."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.unlearncanvas.cost import checkpoint_bytes, cost_table
from lethe.core.records import ModelId
from lethe.io.tables import read_json, write_csv


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
