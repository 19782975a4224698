"""A study of mislabelled digits that is small enough for a test: files as the rules make them."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import NamedTuple

from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.jobs.classifiers import train
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


@functools.cache
def study() -> Files:
    """Six models of every kind, 600 digits of which a fifth is mislabelled and 120 are forgotten; made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="lethe-study-"))
    data = folder / "data.safetensors"
    write_data(data, "digits", Selection(train_size=600, label_noise=0.2, forget_share=0.2))
    references = {name: folder / name for name in ("original", "retrained", "retrained_again")}
    train(data, **references, dataset="digits", architecture="mlp", training=TRAINING, seeds=SEEDS, tuning=False, device="cpu")
    architecture = Experiment.load(data, "mlp").architecture
    fresh, original = architecture.init([seed + 50 for seed in SEEDS]), Stack.load(references["original"])
    head = {name: fresh.parameters[name] for name in architecture.classifier}
    Stack(original.parameters | head).save(folder / "new_head", {})
    return Files(folder, data, references, folder / "new_head")
