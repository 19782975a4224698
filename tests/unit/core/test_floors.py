"""An import only ever points down the floors of docs/architecture.md, and never in a circle."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter

import pytest

from lethe.execution import fingerprint

FLOORS = [
    "sources",
    "testbed",
    "diffusion",
    "pretraining",
    "metrics",
    "unlearners",
    "interference",
    "deepunlearn",
    "archive",
    "plots",
    "explorer",
    "fidelity",
    "jobs",
    "workflow",
]


def floor(module: str) -> int:
    """0 for the ground floor, then one per folder of the package; the command of the shell stands on top."""
    if module == "lethe.__main__":
        return len(FLOORS) + 1
    parts = module.split(".")
    return FLOORS.index(parts[1]) + 1 if len(parts) > 1 and parts[1] in FLOORS else 0


def room(module: str) -> str:
    """The folder or module of the package that a module belongs to; empty for the package itself."""
    return ".".join(module.split(".")[1:2])


@pytest.mark.parametrize("module", fingerprint.all_modules())
def test_imports_point_down(module: str) -> None:
    upward = {other for other in fingerprint._imports(module) if floor(other) > floor(module)}
    assert not upward, f"{module} (floor {floor(module)}) imports {sorted(upward)} from above"


def test_no_circle_between_rooms() -> None:
    """Modules and folders directly in the package, ordered by who imports whom; ``lethe`` itself holds nothing."""
    rooms: dict[str, set[str]] = {}
    for module in fingerprint.all_modules():
        own = room(module)
        rooms.setdefault(own, set()).update(room(other) for other in fingerprint._imports(module))
        rooms[own].discard(own)
    list(TopologicalSorter(rooms).static_order())  # a CycleError names the circle


def test_settings_import_no_registry() -> None:
    """A job that reads settings does not depend on the list of all methods, nor on who publishes results."""
    reached = fingerprint.closure([module for module in fingerprint.all_modules() if room(module) == "settings"])
    assert {room(module) for module in reached} <= {"settings", "io", "records", "registry"}
    sections = ("tasks", "bases", "generation", "scoring", "statistics", "membership", "pretraining", "classifiers")
    read = fingerprint.closure([f"lethe.settings.{name}" for name in (*sections, "read", "errors")])
    assert not read & {f"lethe.settings.{name}" for name in ("archive", "deepunlearn", "models", "contradictions", "load")}
    assert fingerprint.closure(["lethe.settings.errors"]) == {"lethe.settings.errors"}


def test_the_package_imports_snakemake_where_it_must_and_nowhere_else() -> None:
    """Everything else can be used and tested without Snakemake.

    ``lethe.execution.forked`` changes how Snakemake starts a script, ``lethe why`` asks for its plan, and ``lethe.workflow.asking`` reads its rules.
    """
    importers = {
        file.name for file in fingerprint.PACKAGE.rglob("*.py") if re.search(r"(import|from) snakemake", file.read_text())
    }
    assert importers == {"asking.py", "forked.py", "why.py", "__main__.py"}
    users = {module for module in fingerprint.all_modules() if "lethe.execution.forked" in fingerprint._imports(module)}
    assert not users, "only the Snakefile imports it"
