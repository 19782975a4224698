"""The models of U-LiRA of a study that no method made, and what they say about every sample."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.lira import original_outputs, retrained_outputs, train_originals, write_outputs
from lethe.classifiers.experiment import Experiment
from lethe.core.device import resolve_device
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
