"""What an unlearning method is given: models, data, and which samples each model must keep or forget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from lethe.classifiers.data.pixels import Pixels
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.training import SGD, Draws, augmented, batches, cosine, cross_entropy, data_order, fixed_global_seed
from lethe.settings.classifiers import Precision

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Problem:
    """M trained models and their data.

    Attributes:
        architecture: of all models.
        original: the models before unlearning, trained on retain + forget. Methods leave it alone.
        images: (N, C, H, W) network input, normalised, not augmented, or the bytes that it is made of; shared by all models. Read them
            with ``inputs``.
        labels: (N,) int64.
        retain, forget, val: (M, n) int64 rows of ``images``, per model. ``val`` is for methods whose paper asks for held-out data.
        seeds: M numbers; what a method draws for a model depends on them alone.
        augment: ``(images (B, C, H, W), generator) -> images`` as in base training; None where the data set has none.
        known: what a method has worked out for these models beforehand, name -> name of a tensor -> (M, *shape); see ``Method.prepare``.
    """

    architecture: Architecture
    original: Stack
    images: Tensor | Pixels
    labels: Tensor
    retain: Tensor
    forget: Tensor
    val: Tensor
    seeds: Sequence[int]
    augment: Augment | None = None
    known: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)

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
            known={key: {name: tensor[rows] for name, tensor in found.items()} for key, found in self.known.items()},
        )

    def draws(self, purpose: str) -> Draws:
        """Random numbers of every model for one purpose."""
        return Draws(self.seeds, purpose, self.images.device)

    def inputs(self, index: Tensor) -> Tensor:
        """Network input (*index.shape, C, H, W), float32, of the samples ``index``."""
        return self.images[index]

    def logits(self, stack: Stack, index: Tensor, train: bool = False) -> Tensor:
        """Logits (M, B, C) of the samples ``index`` (M, B)."""
        return self.architecture.logits(stack, self.inputs(index), train)

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
        return torch.cat([self.architecture.features(stack, self.inputs(part)) for part in rows.split(batch_size, dim=1)], dim=1)


def train(
    architecture: Architecture,
    start: Stack,
    images: Tensor | Pixels,
    labels: Tensor,
    index: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 5e-4,
    augment: Augment | None = None,
    precision: Precision = "float32",
    compiled: bool = False,
) -> Stack:
    """Base training of original and retrained models: cross-entropy, SGD, cosine annealing per epoch.

    The batch order and the augmentation are drawn on the device of the models.

    Args:
        start: initial models, left alone. index: (M, n) rows of ``images`` that each model sees.
        precision: ``bfloat16``: forward and backward passes under torch's autocast, convolutions with channels last; weights and their updates
            stay float32. ``auto``: that on a GPU for architectures whose models run one after another, ``float32`` otherwise.
        compiled: see ``Architecture.training_passes``; several models are run together.

    Raises:
        FloatingPointError: a model diverged; names it.
    """
    device = start.device
    half = precision == "bfloat16" or (precision == "auto" and device.type == "cuda" and architecture.at_once == 1)
    stack = _channels_last(start.clone()) if half else start.clone()
    optimiser = SGD(stack, learning_rate, momentum, weight_decay)
    order, lengths = data_order(device), torch.full((len(stack),), epochs)
    with fixed_global_seed(device), architecture.training_passes(together=len(stack) > 1, compiled=compiled):
        for epoch in range(epochs):
            factor = cosine(epoch, lengths)
            for part in batches(index, batch_size, order):
                batch = images[part] if augment is None else augmented(images[part], augment, order)
                with torch.autocast(device.type, torch.bfloat16, enabled=half):
                    logits = architecture.logits(stack, batch, train=True)
                optimiser.step(cross_entropy(logits.float(), labels[part]), factor)
    stack = optimiser.finish()
    broken = [m for m in range(len(stack)) if not all(torch.isfinite(p[m]).all() for p in stack.parameters.values())]
    if broken:
        raise FloatingPointError(f"training diverged (weights not finite) for models {broken}; learning_rate is {learning_rate}")
    return Stack({name: parameter.contiguous() for name, parameter in stack.parameters.items()}, stack.buffers)


def _channels_last(stack: Stack) -> Stack:
    """The same models with the filters of every convolution (M, out, in, height, width) stored channels last."""
    return Stack(
        {
            name: parameter.flatten(0, 1).contiguous(memory_format=torch.channels_last).unflatten(0, parameter.shape[:2])
            if parameter.ndim == 5
            else parameter
            for name, parameter in stack.parameters.items()
        },
        stack.buffers,
    )
