"""Files to problems: a data set with its splits on disk, base training, and the problem of a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from lethe.deepunlearn import ARCHITECTURES, PROVIDERS
from lethe.deepunlearn.data.augment import augmentation
from lethe.deepunlearn.data.splits import fixed_split, tuning_split
from lethe.deepunlearn.models.base import Architecture
from lethe.deepunlearn.models.stack import Stack, join
from lethe.deepunlearn.problem import Augment, Problem, train
from lethe.deepunlearn.scores import score_models
from lethe.diffusion.tensors import read_tensors, write_tensors
from lethe.io.tables import CorruptFileError
from lethe.settings.deepunlearn import BaseTraining

FORMAT = "lethe-labelled-images"


def write_data(path: str | Path, dataset: str, folder: str, val_share: float, forget_share: float) -> dict[str, int]:
    """Read a data set through its provider and write images, labels and splits to one file; returns the sizes of the splits.

    Raises:
        MissingDataError: its files are not there. CorruptFileError, ValueError: see the provider.
    """
    provider = PROVIDERS.load(dataset)()
    data = provider.load(Path(folder) if folder else None)
    split = fixed_split(len(data.images) - data.test, data.test, val_share=val_share, forget_share=forget_share)
    tuning = tuning_split(split)
    tensors = {"images": torch.from_numpy(data.images), "labels": torch.from_numpy(data.labels)}
    tensors |= {name: torch.from_numpy(getattr(split, name)) for name in ("retain", "forget", "val", "test")}
    tensors |= {f"tuning_{name}": torch.from_numpy(getattr(tuning, name)) for name in ("retain", "forget")}
    write_tensors(path, tensors, {"format": FORMAT, "dataset": dataset})
    return {name: len(getattr(split, name)) for name in ("retain", "forget", "val", "test")}


@dataclass(frozen=True)
class Experiment:
    """A data set, its splits and an architecture, ready to train on.

    Attributes:
        images: (N, C, H, W) float32 network input. labels: (N,) int64.
        splits: ``retain, forget, val, test`` and, for the search, ``tuning_retain, tuning_forget`` -> rows of ``images``.
    """

    dataset: str
    architecture_name: str
    architecture: Architecture
    images: Tensor
    labels: Tensor
    splits: dict[str, Tensor]
    augment: Augment | None

    @classmethod
    def load(cls, path: str | Path, architecture: str, device: str = "cpu") -> Experiment:
        """From a file of ``write_data``; another file is a ``CorruptFileError``."""
        tensors, header = read_tensors(path)
        if header.get("format") != FORMAT:
            raise CorruptFileError(f"{path}: header says format '{header.get('format')}', expected '{FORMAT}'")
        provider = PROVIDERS.load(header["dataset"])()
        images, labels = provider.to_input(tensors.pop("images").numpy()), tensors.pop("labels")
        return cls(
            header["dataset"],
            architecture,
            ARCHITECTURES.load(architecture)(provider.classes, provider.image_shape),
            images.to(device),
            labels.to(device),
            {name: rows.to(device) for name, rows in tensors.items()},
            augmentation(provider),
        )

    def train(self, index: Tensor, seeds: Sequence[int], training: BaseTraining, epochs: int = 0) -> Stack:
        """Models from nothing, (M = len(seeds)): model m from initialisation ``seeds[m]`` on the rows ``index[m]`` (M, n).

        Raises:
            FloatingPointError: one diverged.
        """
        parts = []
        for first in range(0, len(seeds), self.architecture.at_once):
            chosen = slice(first, first + self.architecture.at_once)
            parts.append(
                train(
                    self.architecture,
                    self.architecture.init(seeds[chosen]).to(self.images.device),
                    self.images,
                    self.labels,
                    index[chosen],
                    epochs=epochs or training.epochs,
                    batch_size=training.batch_size,
                    learning_rate=training.learning_rate,
                    momentum=training.momentum,
                    weight_decay=training.weight_decay,
                    augment=self.augment,
                )
            )
        return join(parts)

    def problem(self, original: Stack, seeds: Sequence[int], tuning: bool = False) -> Problem:
        """The reported problem of some models, or the one that hyper-parameters are searched on."""
        prefix = "tuning_" if tuning else ""
        retain, forget, val = (
            self.splits[name].expand(len(original), -1) for name in (f"{prefix}retain", f"{prefix}forget", "val")
        )
        return Problem(
            self.architecture, original, self.images, self.labels, retain, forget, val, seeds=list(seeds), augment=self.augment
        )

    def training_rows(self) -> Tensor:
        """What original models are trained on: retain and forget set, (n,)."""
        return torch.cat([self.splits["retain"], self.splits["forget"]])

    def score(self, problem: Problem, stack: Stack, method: str) -> pd.DataFrame:
        """One row per model of ``stack``: see ``score_models``; the test part is this data set's."""
        return score(
            problem, stack, self.splits["test"], dataset=self.dataset, architecture=self.architecture_name, method=method
        )


def score(problem: Problem, stack: Stack, test: Tensor | None = None, **names: str) -> pd.DataFrame:
    """Accuracies and attacks of models on their own samples, one row per model: see ``score_models``.

    Args:
        problem: whose retain, forget and validation samples are asked. stack: the models (M).
        test: (n,) rows of the test part, or None to leave it out.
        names: ``dataset``, ``architecture`` and ``method``, what the rows say they are.
    """
    parts = {"retain": problem.retain, "forget": problem.forget, "val": problem.val}
    if test is not None:
        parts["test"] = test.expand(len(stack), -1)
    logits = {name: problem.predict(stack, rows).cpu() for name, rows in parts.items()}
    labels = {name: problem.labels[rows].cpu() for name, rows in parts.items()}
    names = {"dataset": "", "architecture": "", "method": ""} | names
    return score_models(logits, labels, list(problem.seeds), **names)
