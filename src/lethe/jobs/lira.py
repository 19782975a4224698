"""The models of U-LiRA of a study, and what they say about every sample."""

from __future__ import annotations

from pathlib import Path

from lethe.deepunlearn import METHODS
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.found import Found, found_of
from lethe.deepunlearn.lira import original_outputs, retrained_outputs, train_originals, unlearned_outputs, write_outputs
from lethe.deepunlearn.methods.base import configure
from lethe.deepunlearn.models.stack import Stack
from lethe.runtime import resolve_device
from lethe.settings.classifiers import BaseTraining, Lira


def train(
    data: Path,
    original_models: Path,
    original: Path,
    retrained: Path,
    dataset: str,
    architecture: str,
    lira: Lira,
    training: BaseTraining,
    device: str,
) -> None:
    """Train originals on random halves of the data and retrained models for every forget set.

    Args:
        original_models: the originals themselves; ``original`` and ``retrained`` hold what models say.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    models = train_originals(experiment, lira, training)
    models.save(original_models, {"dataset": dataset, "architecture": architecture})
    write_outputs(original, *original_outputs(experiment, lira, models))
    write_outputs(retrained, *retrained_outputs(experiment, lira, training))


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
    config = configure(method, found_of(shipped, search).values)
    write_outputs(said, *unlearned_outputs(experiment, lira, models, method, config))
