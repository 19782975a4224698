"""Original and retrained models of a study."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torch import Tensor

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.kept import in_lots
from lethe.classifiers.models.stack import Stack, save_joined
from lethe.core.device import resolve_device
from lethe.execution.work import WorkFolder
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
    work: WorkFolder,
) -> None:
    """Train one original and two retrained models per seed: the second from another seed tells how far retrained models lie apart.
    What is finished survives a killed job.

    Args:
        tuning: whether every model has a forget set of its own, which is not reported.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    retain = experiment.tuning_rows(seeds)[0] if tuning else experiment.splits["retain"].expand(len(seeds), -1)
    trained = experiment.training_rows().expand(len(seeds), -1)
    again = [seed + AGAIN for seed in seeds]
    places = {"original": original, "retrained": retrained, "retrained_again": retrained_again}
    for role, rows, initial in (("original", trained, seeds), ("retrained", retain, seeds), ("retrained_again", retain, again)):
        header = {"dataset": dataset, "architecture": architecture, "role": role}
        make = partial(_train, experiment, training, rows, initial, header)
        (parts,) = in_lots(work, [role], range(len(seeds)), experiment.at_once(training), make)
        work.finish(role, partial(_join, parts, header))
    work.hand_over(dict(places))


def _train(
    experiment: Experiment,
    training: BaseTraining,
    rows: Tensor,
    seeds: list[int],
    header: dict[str, str],
    some: list[int],
    path: Path,
) -> None:
    """Train some of the models and write them."""
    experiment.train(rows[some], [seeds[m] for m in some], training).save(path, header)


def _join(parts: list[Path], header: dict[str, str], path: Path) -> None:
    save_joined(path, [Stack.load(part) for part in parts], header)
