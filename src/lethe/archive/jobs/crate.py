"""A run as a Workflow Run RO-Crate."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.citation import read_citation
from lethe.archive.crate import run_crate
from lethe.io.tables import read_json, write_json


def write_crate(products: list[Path], config: Path, record: Path, workflow: Path, citation: Path, crate: Path) -> None:
    """Describe a run and its products.

    Args:
        workflow: folder with the Snakefile that ran.
    """
    made = [*sorted(products), record]
    content = run_crate(crate.parent, read_citation(citation), read_json(record), workflow / "Snakefile", [config], made)
    write_json(crate, content)
