"""Scores of every model of a study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.classifiers.distance import ORIGINAL, RETRAINED, RETRAINED_AGAIN
from lethe.classifiers.evaluation import score_runs
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.core.device import resolve_device
from lethe.io.tables import write_parquet


def score_models(
    data: Path,
    original: Path,
    retrained: Path,
    retrained_again: Path,
    unlearned: list[Path],
    scores: Path,
    architecture: str,
    methods: list[str],
    seeds: list[int],
    device: str,
) -> None:
    """Score the originals, the retrained and the models of every method: one row per model.

    Args:
        retrained_again: from other seeds; a row has the seed of the models that it is compared with.
        unlearned: one file per method.
        methods: their names.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    problem = experiment.problem(Stack.load(original).to(experiment.images.device), seeds)
    names = [ORIGINAL, RETRAINED, RETRAINED_AGAIN, *methods]
    tables = []
    for name, path in zip(names, [original, retrained, retrained_again, *unlearned], strict=True):
        tables.append(score_runs(experiment, problem, Stack.load(path).to(experiment.images.device), name))
    write_parquet(scores, pd.concat(tables, ignore_index=True))
