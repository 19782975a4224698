"""Memory and processor time of the jobs of tables."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from lethe.io.tables import write_json
from lethe.tools.speed.tables_memory import FIGURES, TESTS
from lethe.tools.speed.tables_memory import measure as measure_jobs

SIZES = ((300, 10), (1000, 3))  # entities and methods; the target is that of the first
TARGET = 1000  # MB


def measure(json: Path) -> None:
    """Write the largest memory of any job of tables at both sizes, of any figure of all pairs, and what every job used."""
    found = {}
    for entities, methods in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            found[f"{entities} x {methods}"] = measure_jobs(entities, methods, Path(folder))
    value = {size: max(used.peak_mb for name, used in jobs.items() if name not in FIGURES) for size, jobs in found.items()}
    value |= {f"figures of {size}": max(jobs[name].peak_mb for name in FIGURES) for size, jobs in found.items()}
    first = next(iter(value))
    result = {
        "value": value,
        "target": {first: TARGET},
        "holds": value[first] <= TARGET,
        "how": "largest resident memory in MB of any job from scores to the tables of a task, and of figures of all pairs, each in a process "
        f"of its own, entities x methods, {TESTS.permutations} permutations and {TESTS.bootstrap} bootstrap draws per test; every entity is "
        "forgotten and asked for under four seeds, 13 quantities",
        "measured": {size: {rule: asdict(used) for rule, used in jobs.items()} for size, jobs in found.items()},
    }
    write_json(json, result)
