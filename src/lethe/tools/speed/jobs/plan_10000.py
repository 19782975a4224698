"""A dry run of ten thousand models: a thousand entities under ten methods."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path, PurePath
from typing import Any

import yaml

from lethe.core.records import ModelId
from lethe.io.tables import write_json
from lethe.tools.speed.planning import Planned, plan_of

TARGETS = {"seconds": 30, "megabytes": 1000, "calls_per_output": 2}
ENTITIES = 1000
METHODS = ["none", "uce", "distil", "munba", "esd", "ca", "speed", "rece", "erasediff", "salun"]
PER_MODEL = (
    *("models/{}/delta.safetensors", "models/{}/record.json", "models/{}/losses.csv"),
    *("datasets/generated_{}.tar", "datasets/generated_{}.parquet", "datasets/interferences_caused_by_{}.json"),
    *("scores/{}.parquet", "scores/{}_embeddings.npz"),
)
"""Files of every model; a folder ``models/{model}`` of each."""


def overlay(entities: int = ENTITIES) -> dict[str, Any]:
    """One task of people as at paper scale, with so many entities and ten methods; nobody unlearns anything here."""
    people = {"entities": entities, "selection": "recomputed", "source_options": {"initial": 2 * entities}}
    return {
        "world": "large",
        "demo_tasks": ["people"],
        "methods": METHODS,
        "hyperparameters": "mini",  # not all methods have those of the paper, and a plan reads none of the values
        "similarity": {"weights": []},
        "tasks": {"breeds": None, "scenes": None, "people": people},
    }


def files_per_folder(models: list[str]) -> dict[str, int]:
    """Folder of the world -> its entries of all models; a model's own folder is one entry of ``models``.

    >>> files_per_folder(["people_000_uce_000", "people_001_uce_000"])
    {'datasets': 6, 'models': 2, 'scores': 4}
    """
    entries = {"/".join(PurePath(file.format(name)).parts[:2]) for name in models for file in PER_MODEL}
    return dict(Counter(sorted(entry.split("/")[0] for entry in entries)))


def measure(config: Path, json: Path) -> None:
    """Write what the plan takes.

    Args:
        config: the overlay of the paper.

    Raises:
        RuntimeError: the dry run fails; holds what it said last.
    """
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.yaml"
        large.write_text(yaml.safe_dump(overlay()))
        measured = plan_of("all", config, large)
    write_json(json, result(measured))


def result(measured: Planned) -> dict[str, Any]:
    """The row of the benchmark."""
    names = [ModelId("people", index, method, 0).name for method in METHODS for index in range(ENTITIES)]
    outputs = len(names) * len(PER_MODEL)
    value = {
        "seconds": measured.cpu_seconds,
        "megabytes": measured.megabytes,
        "calls_per_output": round(measured.calls / outputs, 2),
    }
    return {
        "value": value,
        "target": TARGETS,
        "holds": all(value[name] <= most for name, most in TARGETS.items()),
        "how": f"processor time, memory of the head process, and calls on metadata (stat, lstat, access, scandir) by file of a model, of "
        f"`snakemake -n all` with {ENTITIES} entities x {len(METHODS)} methods in one task; one run, nothing made before",
        "measured": {
            "wall_seconds": measured.seconds,
            "jobs": measured.jobs,
            "files_of_models": outputs,
            "files_per_folder": files_per_folder(names),
            "calls": measured.calls,
        },
    }
