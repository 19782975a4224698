"""The representations of every model of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor

from lethe.benchmarks.deepunlearn.representation import ROWS, representation_scores, representation_table
from lethe.classifiers.distance import ORIGINAL, RETRAINED, RETRAINED_AGAIN
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.core.device import resolve_device
from lethe.io.tables import write_csv, write_parquet


def compare(
    data: Path,
    original: Path,
    retrained: Path,
    retrained_again: Path,
    unlearned: list[Path],
    scores: Path,
    table: Path,
    architecture: str,
    methods: list[str],
    seeds: list[int],
    alpha: float,
    device: str,
) -> None:
    """Compare the penultimate representation of every model with that of retrained ones, and fit a probe to it.

    Args:
        unlearned: one file per method.
        methods: their names.
        alpha: 1 - coverage of the intervals.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    problem = experiment.problem(Stack.load(original).to(experiment.images.device), seeds)
    rows = parts(experiment)
    labels = {part: experiment.labels[index].cpu().numpy() for part, index in rows.items()}

    def features(path: Path) -> dict[str, Any]:
        stack = Stack.load(path).to(experiment.images.device)
        return {part: problem.features(stack, index).cpu().numpy() for part, index in rows.items()}

    once, again = features(retrained), features(retrained_again)
    tables = [
        representation_scores(once, labels, once, again, seeds, RETRAINED),
        representation_scores(again, labels, once, None, seeds, RETRAINED_AGAIN),
    ]
    for name, path in zip([ORIGINAL, *methods], [original, *unlearned], strict=True):
        tables.append(representation_scores(features(path), labels, once, again, seeds, name))
    found = pd.concat(tables, ignore_index=True)
    write_parquet(scores, found)
    write_csv(table, representation_table(found, 1 - alpha))


def parts(experiment: Experiment) -> dict[str, Tensor]:
    """Part -> the rows that are looked at; ``forget_mislabelled`` where labels of the forget set are known to be wrong."""
    found = {part: experiment.splits[part][:ROWS] for part in ("retain", "forget", "test")}
    forget = found["forget"]
    wrong = forget[experiment.labels[forget] != experiment.clean_labels[forget]]
    return found | ({"forget_mislabelled": wrong} if len(wrong) else {})
