"""Relearning of every model of a study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.deepunlearn.relearning import curve_rows, relearn, relearning_table
from lethe.classifiers.distance import ORIGINAL, RETRAINED, RETRAINED_AGAIN
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.core.device import resolve_device
from lethe.io.tables import write_csv, write_parquet
from lethe.settings.classifiers import BaseTraining


def relearn_study(
    data: Path,
    original: Path,
    retrained: Path,
    retrained_again: Path,
    unlearned: list[Path],
    curves: Path,
    table: Path,
    architecture: str,
    methods: list[str],
    seeds: list[int],
    training: BaseTraining,
    alpha: float,
    device: str,
) -> None:
    """Fine-tune every model on one half of the forget set.

    Args:
        unlearned: one file per method.
        methods: their names.
        training: base training of the study.
        alpha: 1 - coverage of the intervals.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    problem = experiment.problem(Stack.load(original).to(experiment.images.device), seeds)
    names = [ORIGINAL, RETRAINED, RETRAINED_AGAIN, *methods]
    tables = []
    for name, path in zip(names, [original, retrained, retrained_again, *unlearned], strict=True):
        stack = Stack.load(path).to(experiment.images.device)
        tables.append(curve_rows(name, seeds, relearn(problem, stack, training)))
    found = pd.concat(tables, ignore_index=True)
    write_parquet(curves, found)
    write_csv(table, relearning_table(found, 1 - alpha))
