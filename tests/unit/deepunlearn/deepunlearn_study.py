"""A study of mislabelled digits that is small enough for a test: files as the rules make them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.settings.classifiers import BaseTraining, Selection

TRAINING = BaseTraining(epochs=40, batch_size=32)
SEEDS = list(range(6))


class Files(NamedTuple):
    """Where they are.

    Attributes:
        references: ``original``, ``retrained`` and ``retrained_again``.
        new_head: originals with a last layer that was never trained.
    """

    folder: Path
    data: Path
    references: dict[str, Path]
    new_head: Path


def make(folder: Path) -> Files:
    """Six models of every kind, 600 digits of which a fifth is mislabelled and 120 are forgotten."""
    data = folder / "data.safetensors"
    write_data(data, "digits", Selection(train_size=600, label_noise=0.2, forget_share=0.2))
    experiment = Experiment.load(data, "mlp")
    kept, again = experiment.splits["retain"], [1000 + seed for seed in SEEDS]
    jobs = {"original": (experiment.training_rows(), SEEDS), "retrained": (kept, SEEDS), "retrained_again": (kept, again)}
    stacks = {name: experiment.train(rows.expand(len(SEEDS), -1), seeds, TRAINING) for name, (rows, seeds) in jobs.items()}
    fresh = experiment.architecture.init([seed + 50 for seed in SEEDS])
    head = {name: fresh.parameters[name] for name in experiment.architecture.classifier}
    stacks["new_head"] = Stack(stacks["original"].parameters | head)
    for name, stack in stacks.items():
        stack.save(folder / name, {})
    return Files(folder, data, {name: folder / name for name in jobs}, folder / "new_head")
