"""Original and retrained models of a study."""

from __future__ import annotations

from pathlib import Path

from lethe.classifiers.experiment import Experiment
from lethe.core.device import resolve_device
from lethe.settings.classifiers import BaseTraining


def train(
    data: Path,
    original: Path,
    retrained: Path,
    dataset: str,
    architecture: str,
    training: BaseTraining,
    seeds: list[int],
    tuning: bool,
    device: str,
) -> None:
    """Train one original and one retrained model per seed.

    Args:
        tuning: whether every model has a forget set of its own, which is not reported.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    retain = experiment.tuning_rows(seeds)[0] if tuning else experiment.splits["retain"].expand(len(seeds), -1)
    trained = experiment.training_rows().expand(len(seeds), -1)
    for role, path, rows in (("original", original, trained), ("retrained", retrained, retain)):
        stack = experiment.train(rows, seeds, training)
        stack.save(path, {"dataset": dataset, "architecture": architecture, "role": role})
