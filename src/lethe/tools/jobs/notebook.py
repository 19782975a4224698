"""Notebooks, executed and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.tools.notebook import export_html, run_notebook


def execute(
    source: Path, notebook: Path, html: Path, inputs: dict[str, Path | list[Path]], values: dict[str, Any] | None = None
) -> None:
    """Execute a notebook on files and export it to HTML.

    Args:
        source: the notebook as it is written; its imports are code of the job.
        notebook: the executed copy.
        inputs: parameter of the notebook -> file or files that it reads.
        values: its other parameters.
    """
    run_notebook(source, notebook, inputs, values=values)
    export_html(notebook, html)
