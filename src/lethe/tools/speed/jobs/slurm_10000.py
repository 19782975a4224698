"""The head process of a run on Slurm at ten thousand models: measured at two smaller sizes, and drawn as a line to that size."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from lethe.io.tables import write_json
from lethe.tools.speed.cluster_run import Head, run_on_stand_in
from lethe.tools.speed.jobs.plan_10000 import ENTITIES, METHODS, overlay

SIZES = (20, 60)  # entities
PUT_BY_HAND = ["data/lfw_race.csv"]  # a table of the task, which nobody fetches
GROWING = ("jobs", "running_calls", "running_cpu_seconds", "megabytes", "files")


def measure(config: Path, json: Path) -> None:
    """Write what a run asks of its head process and of the file system.

    Args:
        config: the overlay of the paper.

    Raises:
        RuntimeError: a run fails; holds what it said last.
    """
    found = {}
    for entities in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            large = Path(folder) / "large.yaml"
            large.write_text(yaml.safe_dump(overlay(entities)))
            found[entities] = run_on_stand_in("tables", Path(folder) / "run", config, large, given=PUT_BY_HAND)
    write_json(json, result(found))


def at_size(found: dict[int, float], entities: int) -> float:
    """The value at a size, on the line through the values at two sizes.

    >>> at_size({20: 50.0, 60: 130.0}, 1000)
    2010.0
    """
    (small, low), (large, high) = sorted(found.items())
    return low + (high - low) / (large - small) * (entities - small)


def told(head: Head) -> dict[str, float]:
    """What grows with the number of models, of one run."""
    return {
        "jobs": head.jobs,
        "running_calls": sum(head.running_calls.values()),
        "running_cpu_seconds": head.running_cpu_seconds,
        "megabytes": head.megabytes,
        "files": sum(head.files.values()),
    }


def result(found: dict[int, Head]) -> dict[str, Any]:
    """The row of the benchmark.

    Args:
        found: entities -> a run of ten models for each.
    """
    grown = {name: at_size({size: told(head)[name] for size, head in found.items()}, ENTITIES) for name in GROWING}
    of_models = {size: size * len(METHODS) for size in found}
    return {
        "value": {
            "jobs": round(grown["jobs"]),
            "calls_per_job": round(grown["running_calls"] / grown["jobs"], 1),
            "megabytes": round(grown["megabytes"]),
            "files": round(grown["files"]),
        },
        "target": "reported",
        "holds": True,
        "how": f"`snakemake --profile slurm tables` with a stand-in for Slurm's commands, whose jobs end at once; runs of "
        f"{', '.join(map(str, of_models.values()))} models, and the line through them at {ENTITIES * len(METHODS)}: jobs; calls of the head process "
        "on metadata a job after planning; its memory; files of the run, records of Snakemake included",
        "measured": {f"{of_models[size]} models": head._asdict() for size, head in found.items()},
    }
