"""KLoM of the methods of a study, on the models of U-LiRA."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.klom import klom_table
from lethe.benchmarks.deepunlearn.lira import read_outputs
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.io.tables import write_csv
from lethe.settings.classifiers import Lira


def tabulate(said: list[Path], table: Path, methods: list[str], lira: Lira, alpha: float) -> None:
    """Compare the margins of every method's models with those of retrained ones.

    Args:
        said: what models say, one file per method.
        methods: their names, both references among them.
        alpha: 1 - coverage of the intervals.
    """
    outputs = {name: read_outputs(path) for name, path in zip(methods, said, strict=True)}
    samples = next(iter(outputs.values()))[0].shape[2]
    splits = lira_splits(samples, splits=lira.splits, forgets=lira.forget_sets)
    write_csv(table, klom_table(outputs, splits, 1 - alpha))
