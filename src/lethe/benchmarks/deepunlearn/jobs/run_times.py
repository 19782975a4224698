"""Run times of the methods of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found, found_of_study
from lethe.classifiers.methods import METHODS
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.timing import run_times
from lethe.core.device import resolve_device
from lethe.io.tables import write_parquet
from lethe.settings.classifiers import BaseTraining
from lethe.settings.hyperparameters import configure


def time_methods(
    data: Path,
    original: Path,
    times: Path,
    architecture: str,
    shipped: dict[str, Found],
    methods: list[str],
    training: BaseTraining,
    repeats: int,
    device: str,
    searches: Sequence[Path] = (),
) -> None:
    """Time every method on one model. The job holds all cores to be alone on the machine, and computes on one.

    Args:
        shipped: method -> what the configuration keeps for it.
        repeats: runs per method, after one to warm up.
        searches: what the searches of the methods found, where these are used.
    """
    torch.set_num_threads(1)
    experiment = Experiment.load(data, architecture, resolve_device(device))
    found = found_of_study(shipped, searches)
    used = {name: METHODS.load(name)() for name in methods}
    configs = {name: configure(method, method.Config, found[name].values) for name, method in used.items()}
    models = Stack.load(original).to(experiment.images.device)
    write_parquet(times, run_times(experiment, models, configs, training, repeats))
