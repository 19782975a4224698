"""What an unlearning method is given: models, data, and which samples each model must keep or forget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.training import SGD, Draws, augmented, batches, cosine, cross_entropy, data_order, fixed_global_seed

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Problem:
    """M trained models and their data.

    Attributes:
        architecture: of all models.
        original: the models before unlearning, trained on retain + forget. Methods leave it alone.
        images: (N, C, H, W) float32, normalised, not augmented; shared by all models.
        labels: (N,) int64.
        retain, forget, val: (M, n) int64 rows of ``images``, per model. ``val`` is for methods whose paper asks for held-out data.
        seeds: M numbers; what a method draws for a model depends on them alone.
        augment: ``(images (B, C, H, W), generator) -> images`` as in base training; None where the data set has none.
    """

    architecture: Architecture
    original: Stack
    images: Tensor
    labels: Tensor
    retain: Tensor
    forget: Tensor
    val: Tensor
    seeds: Sequence[int]
    augment: Augment | None = None

    def __len__(self) -> int:
        return len(self.original)

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return self.architecture.classes

    def select(self, models: Sequence[int]) -> Problem:
        """The same problem for some of its models."""
        rows = list(models)
        return replace(
            self,
            original=self.original.select(rows),
            retain=self.retain[rows],
            forget=self.forget[rows],
            val=self.val[rows],
            seeds=[self.seeds[row] for row in rows],
        )

    def draws(self, purpose: str) -> Draws:
        """Random numbers of every model for one purpose."""
        return Draws(self.seeds, purpose, self.images.device)

    def logits(self, stack: Stack, index: Tensor, train: bool = False) -> Tensor:
        """Logits (M, B, C) of the samples ``index`` (M, B)."""
        return self.architecture.logits(stack, self.images[index], train)

    def cross_entropy(self, stack: Stack, index: Tensor, train: bool = True) -> Tensor:
        """Mean cross-entropy per model, (M,), on the samples ``index`` (M, B)."""
        return cross_entropy(self.logits(stack, index, train), self.labels[index])

    @torch.inference_mode()
    def predict(self, stack: Stack, index: Tensor, batch_size: int = 512) -> Tensor:
        """Logits (M, n, C) of the samples ``index``, (M, n) or (n,), in evaluation mode."""
        rows = index.expand(len(stack), -1) if index.ndim == 1 else index
        return torch.cat([self.logits(stack, part) for part in rows.split(batch_size, dim=1)], dim=1)

    @torch.inference_mode()
    def features(self, stack: Stack, index: Tensor, batch_size: int = 512) -> Tensor:
        """What the last layer is given (M, n, D) of the samples ``index`` (n,), in evaluation mode."""
        rows = index.expand(len(stack), -1)
        return torch.cat([self.architecture.features(stack, self.images[part]) for part in rows.split(batch_size, dim=1)], dim=1)


def train(
    architecture: Architecture,
    start: Stack,
    images: Tensor,
    labels: Tensor,
    index: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    augment: Augment | None = None,
) -> Stack:
    """Base training of original and retrained models: cross-entropy, SGD, cosine annealing per epoch.

    Args:
        start: initial models, left alone. index: (M, n) rows of ``images`` that each model sees.

    Raises:
        FloatingPointError: a model diverged; names it.
    """
    stack = start.clone()
    optimiser = SGD(stack, learning_rate, momentum, weight_decay)
    order, lengths = data_order(), torch.full((len(stack),), epochs, device=stack.device)
    with fixed_global_seed(stack.device):
        for epoch in range(epochs):
            for part in batches(index, batch_size, order):
                batch = images[part] if augment is None else augmented(images[part], augment, order)
                losses = cross_entropy(architecture.logits(stack, batch, train=True), labels[part])
                optimiser.step(losses, cosine(epoch, lengths))
    stack = optimiser.finish()
    broken = [m for m in range(len(stack)) if not all(torch.isfinite(p[m]).all() for p in stack.parameters.values())]
    if broken:
        raise FloatingPointError(f"training diverged (weights not finite) for models {broken}; learning_rate is {learning_rate}")
    return stack
