"""The jobs of Deep Unlearn that train models, in one process that can be killed.

Models are made one by one, and each leaves a line in ``FOLDER/made.txt`` when it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from lethe.benchmarks.deepunlearn.jobs import lira_forget, lira_models
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found
from lethe.classifiers.jobs import classifiers
from lethe.classifiers.methods.ft import FineTune
from lethe.classifiers.models.mlp import Mlp
from lethe.classifiers.models.stack import Stack
from lethe.execution.work import WorkFolder
from lethe.settings.classifiers import BaseTraining, LiraDesign

DESIGN = LiraDesign(splits=4, forget_sets=2, limit=300, epochs=3)
TRAINING = BaseTraining(epochs=3)
SEEDS = [0, 1, 2]
VALUES = {"learning_rate": 0.01, "weight_decay": 0.0, "batch_size": 64, "num_epochs": 2}
MODELS = 2 + 2 * 2 * 2 + 3 * 3  # originals; retrained and unlearned ones per forget set; a study's, three per seed


def run(folder: Path, data: Path) -> None:
    """Train a block of U-LiRA's models, let them forget, and train a study's models; everything below ``folder``."""
    of_all: dict[str, Any] = {"data": data, "architecture": "mlp", "device": "cpu"}

    def work(name: str) -> WorkFolder:
        return WorkFolder(folder / "work" / name, key=name)

    block = folder / "lira/000-001"
    lira_models.train(
        **of_all,
        **{name: block / f"{name}.safetensors" for name in ("models", "original", "retrained")},
        dataset="digits",
        block="000-001",
        lira=DESIGN,
        training=TRAINING,
        work=work("lira_models"),
    )
    lira_forget.forget(
        **of_all,
        models=block / "models.safetensors",
        said=block / "ft.safetensors",
        unlearner="ft",
        block="000-001",
        shipped=Found.model_construct(values=VALUES),
        lira=DESIGN,
        work=work("lira_forget"),
    )
    classifiers.train(
        **of_all,
        **{name: folder / f"{name}.safetensors" for name in ("original", "retrained", "retrained_again")},
        dataset="digits",
        training=TRAINING,
        seeds=SEEDS,
        tuning=False,
        work=work("classifiers"),
    )


def watch(log: Path) -> None:
    """Make models one by one; note each when it is there."""
    train, unlearn = Experiment.train, FineTune.unlearn

    def note(what: object) -> None:
        with open(log, "a") as file:
            file.write(f"{what}\n")

    def trained(self: Experiment, index: torch.Tensor, seeds: Sequence[int], *args: Any) -> Stack:
        stack = train(self, index, seeds, *args)
        note(f"trained {seeds} on {int(index.sum())}")
        return stack

    def unlearned(self: FineTune, problem: Any, configs: Any) -> Stack:
        stack = unlearn(self, problem, configs)
        note(f"unlearned {problem.seeds}")
        return stack

    Mlp.at_once, Experiment.train, FineTune.unlearn = 1, trained, unlearned  # type: ignore[method-assign,assignment]


def main(folder: Path, data: Path) -> None:
    """All of it, in a process of its own."""
    torch.set_num_threads(1)
    watch(folder / "made.txt")
    run(folder, data)
