"""Harmed pairs of a task."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.asked import say_asked
from lethe.benchmarks.icare.harm import harm_table
from lethe.benchmarks.icare.pair_rows import PairFile
from lethe.io.tables import read_json, write_csv
from lethe.statistics.resampling import Inference


def count(pairs: Path, floor: Path, table: Path, exclude: list[int], receivers: str, inference: Inference) -> None:
    """Write how many pairs every method harms.

    Args:
        floor: what two seeds of the base differ.
        exclude: emitters that hyper-parameters were chosen on.
        receivers: which the models were asked for.
    """
    level = 1 - inference.alpha
    found = harm_table(PairFile(pairs), read_json(floor), exclude, inference.bootstrap, level, inference.seed)
    write_csv(table, say_asked(found, receivers))
