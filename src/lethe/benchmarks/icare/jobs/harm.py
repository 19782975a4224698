"""Harmed pairs of a task."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.harm import harm_table
from lethe.io.rows import read_rows
from lethe.io.tables import read_json, write_csv
from lethe.statistics.resampling import Inference


def count(pairs: Path, floor: Path, table: Path, exclude: list[int], inference: Inference) -> None:
    """Write how many pairs every method harms.

    Args:
        floor: what two seeds of the base differ.
        exclude: emitters that hyper-parameters were chosen on.
    """
    level = 1 - inference.alpha
    write_csv(
        table,
        harm_table(
            read_rows([pairs], columns=["method", "emitter", "receiver", "metric", "value"]),
            read_json(floor),
            exclude,
            inference.bootstrap,
            level,
            inference.seed,
        ),
    )
