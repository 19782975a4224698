"""Original and retrained models of a study."""

from __future__ import annotations

from pathlib import Path

from lethe.classifiers.experiment import Experiment
from lethe.core.device import resolve_device
from lethe.settings.classifiers import BaseTraining

AGAIN = 1000  # of a seed to that of the second retrained model; there are at most 1000 reported seeds


def train(
    data: Path,
    original: Path,
    retrained: Path,
    retrained_again: Path,
    dataset: str,
    architecture: str,
    training: BaseTraining,
    seeds: list[int],
    tuning: bool,
    device: str,
) -> None:
    """Train one original and two retrained models per seed: the second from another seed tells how far retrained models lie apart.

    Args:
        tuning: whether every model has a forget set of its own, which is not reported.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    retain = experiment.tuning_rows(seeds)[0] if tuning else experiment.splits["retain"].expand(len(seeds), -1)
    trained = experiment.training_rows().expand(len(seeds), -1)
    again = [seed + AGAIN for seed in seeds]
    for role, path, rows, initial in (
        ("original", original, trained, seeds),
        ("retrained", retrained, retain, seeds),
        ("retrained_again", retrained_again, retain, again),
    ):
        stack = experiment.train(rows, initial, training)
        stack.save(path, {"dataset": dataset, "architecture": architecture, "role": role})
