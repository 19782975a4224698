"""Any result of any template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.statistics.resampling import Inference
from lethe.benchmarks.icare.figures.templates.figure import make, write
from lethe.core.records import ModelId


def make_result(
    inputs: dict[str, list[Path]],
    png: Path,
    pdf: Path,
    json: Path,
    template: str,
    models: list[str],
    values: dict[str, Any],
    balance: dict[str, list[str]],
    inference: Inference,
) -> None:
    """Compute a result and draw it.

    Args:
        inputs: kind of file -> files, see ``lethe.benchmarks.icare.templates.files``.
        models: names of the models whose embeddings or images are among them.
        values: all parameters of the result.
        balance: task -> its two balanced attributes.
    """
    write(
        *make(template, values, inputs, [ModelId.parse(name) for name in models], balance, inference), inference, png, pdf, json
    )
