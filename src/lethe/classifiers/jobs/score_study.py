"""Scores of every model of a study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.classifiers.evaluation import score
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.core.device import resolve_device
from lethe.io.tables import write_parquet


def score_models(
    data: Path,
    original: Path,
    retrained: Path,
    unlearned: list[Path],
    scores: Path,
    dataset: str,
    architecture: str,
    methods: list[str],
    seeds: list[int],
    device: str,
) -> None:
    """Score the originals, the retrained and the models of every method: one row per model.

    Args:
        unlearned: one file per method.
        methods: their names.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    problem = experiment.problem(Stack.load(original).to(experiment.images.device), seeds)
    stacks = [("original", original), ("retrained", retrained), *zip(methods, unlearned, strict=True)]
    tables = []
    for name, path in stacks:
        stack = Stack.load(path).to(experiment.images.device)
        tables.append(score(problem, stack, experiment.splits["test"], dataset=dataset, architecture=architecture, method=name))
    write_parquet(scores, pd.concat(tables, ignore_index=True))
