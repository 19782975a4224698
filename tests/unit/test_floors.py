"""An import only ever points down the floors of docs/architecture.md."""

from __future__ import annotations

import re

import pytest

from lethe import fingerprint

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
]
# the settings check names against the registries, which hold strings and import nothing
NAMES_ONLY = {("lethe.settings.models", "lethe.sources"), ("lethe.settings.models", "lethe.unlearners")}
NAMES_ONLY |= {
    (f"lethe.settings.{name}", "lethe.metrics") for name in ("models", "contradictions")
}  # whose specs need NumPy, no torch
NAMES_ONLY |= {("lethe.settings.membership", "lethe.sources")}
NAMES_ONLY |= {("lethe.settings.deepunlearn", "lethe.deepunlearn")}


def floor(module: str) -> int:
    """0 for the ground floor, then one per folder of the package."""
    parts = module.split(".")
    return FLOORS.index(parts[1]) + 1 if len(parts) > 1 and parts[1] in FLOORS else 0


def modules() -> list[str]:
    files = sorted(fingerprint.PACKAGE.rglob("*.py"))
    names = [".".join(("lethe", *file.relative_to(fingerprint.PACKAGE).with_suffix("").parts)) for file in files]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("module", modules())
def test_imports_point_down(module: str) -> None:
    upward = {
        other for other in fingerprint._imports(module) if floor(other) > floor(module) and (module, other) not in NAMES_ONLY
    }
    assert not upward, f"{module} (floor {floor(module)}) imports {sorted(upward)} from above"


def test_the_package_imports_snakemake_where_it_replaces_a_method_of_it_and_nowhere_else() -> None:
    """Everything else can be used and tested without Snakemake; ``lethe.forked`` changes how Snakemake starts a script."""
    importers = {
        file.name for file in fingerprint.PACKAGE.rglob("*.py") if re.search(r"(import|from) snakemake", file.read_text())
    }
    assert importers == {"forked.py"}
    users = {module for module in modules() if "lethe.forked" in fingerprint._imports(module)}
    assert not users, "only the Snakefile imports it"
