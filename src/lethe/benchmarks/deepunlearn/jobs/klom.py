"""KLoM of the methods of a study, on the models of U-LiRA."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.klom import klom_table
from lethe.benchmarks.deepunlearn.lira import read_methods
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.classifiers.distance import RETRAINED
from lethe.io.tables import write_csv
from lethe.settings.classifiers import Lira


def tabulate(said: list[Path], table: Path, methods: list[str], lira: Lira, alpha: float) -> None:
    """Compare the margins of every method's models with those of retrained ones.

    Args:
        said: what models say, in the order of ``methods``.
        methods: their names, both references among them.
        alpha: 1 - coverage of the intervals.
    """
    outputs = read_methods(said, methods)
    samples = outputs[RETRAINED][0].shape[2]
    splits = lira_splits(samples, splits=lira.splits, forgets=lira.forget_sets)
    write_csv(table, klom_table(outputs, splits, 1 - alpha))
