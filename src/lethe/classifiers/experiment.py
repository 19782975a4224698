"""Files to problems: a data set with its splits from disk, base training, and the problem of a method."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.data.augment import augmentation
from lethe.classifiers.data.base import Provider
from lethe.classifiers.data.pixels import Pixels
from lethe.classifiers.data.stored import read_data
from lethe.classifiers.data.tuning import tuning_rows
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack, gather
from lethe.classifiers.problem import Augment, Problem, train
from lethe.settings.classifiers import BaseTraining

HELD = 2**26  # bytes of network input that are normalised once; more are kept as bytes, a batch at a time


@dataclass(frozen=True)
class Experiment:
    """A data set, its splits and an architecture, ready to train on.

    Attributes:
        dataset: key of the data set. provider: where its images come from.
        images: (N, C, H, W) float32 network input, or the bytes that it is made of where it would be larger than ``HELD``.
        labels: (N,) int64, as they are trained on.
        clean_labels: (N,) int64, as the provider gives them; different where a study replaced labels.
        splits: ``retain, forget, val, test`` -> rows of ``images``; a row may be in none.
    """

    dataset: str
    provider: Provider
    architecture_name: str
    architecture: Architecture
    images: Tensor | Pixels
    labels: Tensor
    clean_labels: Tensor
    splits: dict[str, Tensor]
    augment: Augment | None

    @classmethod
    def load(cls, path: str | Path, architecture: str, device: str = "cpu") -> Experiment:
        """From a file of ``lethe.classifiers.data.prepare``; another file is a ``CorruptFileError``."""
        name, provider, tensors = read_data(path)
        images = provider.pixels(tensors.pop("images").numpy(), device)
        return cls(
            name,
            provider,
            architecture,
            ARCHITECTURES.load(architecture)(provider.classes, provider.image_shape),
            images[:] if 4 * len(images) * math.prod(provider.image_shape) <= HELD else images,
            tensors.pop("labels").to(device),
            tensors.pop("clean_labels").to(device),
            {name: rows.to(device) for name, rows in tensors.items()},
            augmentation(provider),
        )

    def train(self, index: Tensor, seeds: Sequence[int], training: BaseTraining, epochs: int = 0) -> Stack:
        """Models from nothing, (M = len(seeds)): model m from initialisation ``seeds[m]`` on the rows ``index[m]`` (M, n).

        Raises:
            FloatingPointError: one diverged.
        """
        return gather(self._trained(index, seeds, training, epochs or training.epochs), len(seeds))

    def at_once(self, training: BaseTraining) -> int:
        """Models that are trained side by side: as many as the architecture likes, or as the configuration asks for."""
        return max(self.architecture.at_once, training.together)

    def _trained(self, index: Tensor, seeds: Sequence[int], training: BaseTraining, epochs: int) -> Iterator[tuple[range, Stack]]:
        """Places and models, so many at a time."""
        at_once = self.at_once(training)
        for first in range(0, len(seeds), at_once):
            chosen = slice(first, min(first + at_once, len(seeds)))
            stack = train(
                self.architecture,
                self.architecture.init(seeds[chosen]).to(self.images.device),
                self.images,
                self.labels,
                index[chosen],
                epochs=epochs,
                batch_size=training.batch_size,
                learning_rate=training.learning_rate,
                momentum=training.momentum,
                weight_decay=training.weight_decay,
                augment=self.augment,
                precision=training.precision,
                compiled=training.compile,
            )
            yield range(chosen.start, chosen.stop), stack

    def problem(self, original: Stack, seeds: Sequence[int]) -> Problem:
        """The reported problem of some models."""
        retain, forget = (self.splits[name].expand(len(original), -1) for name in ("retain", "forget"))
        return self._problem(original, seeds, retain, forget)

    def tuning_rows(self, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
        """What tuning models retain (M, n) and forget (M, f): see ``lethe.classifiers.data.tuning``."""
        rows = tuning_rows(self.splits["retain"].cpu().numpy(), self.splits["forget"].cpu().numpy(), seeds)
        retain, forget = (torch.from_numpy(part).to(self.images.device) for part in rows)
        return retain, forget

    def tuning_problem(self, original: Stack, seeds: Sequence[int]) -> Problem:
        """The problem that hyper-parameters are searched on: every model has a forget set of its own."""
        return self._problem(original, seeds, *self.tuning_rows(seeds))

    def _problem(self, original: Stack, seeds: Sequence[int], retain: Tensor, forget: Tensor) -> Problem:
        val = self.splits["val"].expand(len(original), -1)
        return Problem(
            self.architecture, original, self.images, self.labels, retain, forget, val, seeds=list(seeds), augment=self.augment
        )

    def training_rows(self) -> Tensor:
        """What original models are trained on: retain and forget set, (n,)."""
        return torch.cat([self.splits["retain"], self.splits["forget"]])
