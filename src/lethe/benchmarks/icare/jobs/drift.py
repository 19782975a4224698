"""How far every method moved the empty prompt."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.diffusion.drift import drift_columns
from lethe.io.tables import read_json, write_csv
from lethe.settings.tasks import Task


def tabulate(records: list[Path], table: Path, task: str, methods: list[str], settings: Task) -> None:
    """Write ``task, method, n`` (models measured) and the drift's mean, ``_sd``, ``_smallest`` and ``_largest`` over the reported emitters.

    Args:
        records: of every model.
        settings: of the task.
    """
    told = [record for record in map(read_json, records) if record["emitter"]["index"] not in settings.tuning_emitters]
    rows = []
    for method in methods:
        own = [record for record in told if record["method"] == method]
        rows.append({"task": task, "method": method, "n": len(own), **drift_columns(own)})
    write_csv(table, pd.DataFrame(rows))
