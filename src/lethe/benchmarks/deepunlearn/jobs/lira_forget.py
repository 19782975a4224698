"""The models of U-LiRA of one method, and what they say about every sample."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.lira import unlearned_outputs, write_outputs
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found, found_of
from lethe.classifiers.methods import METHODS
from lethe.classifiers.models.stack import Stack
from lethe.core.device import resolve_device
from lethe.settings.classifiers import Lira
from lethe.settings.hyperparameters import configure


def forget(
    data: Path,
    original: Path,
    said: Path,
    architecture: str,
    unlearner: str,
    shipped: Found | None,
    lira: Lira,
    device: str,
    search: Path | None = None,
) -> None:
    """Let every original forget each of its forget sets with one method, and keep what the results say.

    Args:
        original: the originals.
        said: what the models say.
        shipped: what the configuration keeps for the method.
        search: what its search found, where this is used.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    models = Stack.load(original).to(experiment.images.device)
    method = METHODS.load(unlearner)()
    config = configure(method, method.Config, found_of(shipped, search).values)
    write_outputs(said, *unlearned_outputs(experiment, lira, models, method, config))
