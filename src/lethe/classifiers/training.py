"""Gradient descent (SGD, Adam) on M models at once.

The loss of a step is a vector with one entry per model; its sum is differentiated, so no model sees another one's gradient.
Learning rate, weight decay and number of epochs may differ between the models of a stack, the batch size may not.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional as F

from lethe.classifiers.models.stack import Stack

ORDER_SEED = 123  # the reference seeds everything with it before every run: the order of the data is the same for all models


class Draws:
    """Random numbers per model: what a model draws depends on its seed and the purpose alone, never on its neighbours."""

    def __init__(self, seeds: Sequence[int], purpose: str, device: torch.device | str = "cpu") -> None:
        self.device = device
        self.generators = [torch.Generator().manual_seed(_seed(seed, purpose)) for seed in seeds]

    def normal(self, shape: Sequence[int]) -> Tensor:
        """(M, *shape) from N(0, 1)."""
        return torch.stack([torch.randn(*shape, generator=g) for g in self.generators]).to(self.device)

    def uniform(self, shape: Sequence[int]) -> Tensor:
        """(M, *shape) from U[0, 1)."""
        return torch.stack([torch.rand(*shape, generator=g) for g in self.generators]).to(self.device)

    def integers(self, high: int, shape: Sequence[int]) -> Tensor:
        """(M, *shape) int64 from 0..high-1."""
        return torch.stack([torch.randint(high, tuple(shape), generator=g) for g in self.generators]).to(self.device)

    def permutations(self, n: int) -> Tensor:
        """(M, n): a permutation of 0..n-1 per model."""
        return torch.stack([torch.randperm(n, generator=g) for g in self.generators]).to(self.device)


def _seed(seed: int, purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:8], "big") >> 1


def data_order() -> torch.Generator:
    """A fresh generator of the data order, the same for every model and every method."""
    return torch.Generator().manual_seed(ORDER_SEED)


@contextmanager
def fixed_global_seed(device: torch.device) -> Iterator[None]:
    """Layers that draw from torch's global generator (drop-path of TinyViT) repeat themselves; it is as before afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(ORDER_SEED)
        yield


def batches(index: Tensor, batch_size: int, order: torch.Generator | None) -> Iterator[Tensor]:
    """One pass over ``index`` (M, n) in batches (M, <= batch_size); the last one may be smaller.

    ``order`` shuffles positions, the same for all models; None keeps them in order.
    """
    positions = torch.arange(index.shape[1]) if order is None else torch.randperm(index.shape[1], generator=order)
    for part in positions.split(batch_size):
        yield index[:, part.to(index.device)]


def augmented(images: Tensor, augment: Callable[[Tensor, torch.Generator], Tensor], order: torch.Generator) -> Tensor:
    """Images (M, B, C, H, W) after random augmentation, every model's with the same random numbers, taken from ``order``."""
    state, rows = order.get_state(), []
    for batch in images:
        order.set_state(state)
        rows.append(augment(batch, order))
    return torch.stack(rows)


def cross_entropies(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of every sample, (M, B), of logits (M, B, C) and labels (M, B)."""
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(labels.shape)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy per model, (M,), of logits (M, B, C) and labels (M, B)."""
    return cross_entropies(logits, labels).mean(1)


def kl_divergence(teacher: Tensor, student: Tensor, temperature: Tensor | float = 1.0) -> Tensor:
    """KL(teacher || student) per model, (M,), mean over the batch, of the softmax of logits (M, B, C) over ``temperature``."""
    scale = _column(torch.as_tensor(temperature, device=student.device), student.ndim)
    target, log_student = F.log_softmax(teacher / scale, -1), F.log_softmax(student / scale, -1)
    return (target.exp() * (target - log_student)).sum(-1).mean(1)


def constant(epoch: int, epochs: Tensor) -> Tensor:
    """Learning-rate factor (M,): 1, and 0 for the models that are done."""
    return (epoch < epochs).float()


def cosine(epoch: int, epochs: Tensor) -> Tensor:
    """Learning-rate factor (M,) of cosine annealing per epoch to 0 (torch's ``CosineAnnealingLR`` with ``T_max = epochs``)."""
    return (1 + torch.cos(torch.pi * epoch / epochs)) / 2 * (epoch < epochs)


class _Optimiser(ABC):
    """What SGD and Adam share: the models, their rates and gradients, and that a model whose rate is 0 stays as it is."""

    def __init__(
        self, stack: Stack, learning_rate: Tensor | float, weight_decay: Tensor | float, trainable: Sequence[str] | None
    ) -> None:
        self.stack = stack
        self.learning_rate, self.weight_decay = self._vector(learning_rate), self._vector(weight_decay)
        self.names = list(stack.parameters if trainable is None else trainable)
        for name in self.names:
            stack.parameters[name].requires_grad_(True)

    def _vector(self, value: Tensor | float) -> Tensor:
        """One number per model, (M,) float32."""
        return torch.as_tensor(value, dtype=torch.float32, device=self.stack.device).expand(len(self.stack))

    def gradients(self, losses: Tensor) -> dict[str, Tensor]:
        """d losses[m] / d parameters[m], by name, (M, *shape); zero for a parameter that the loss does not see."""
        parameters = [self.stack.parameters[name] for name in self.names]
        found = torch.autograd.grad(losses.sum(), parameters, allow_unused=True)
        return {
            name: torch.zeros_like(parameter) if gradient is None else gradient
            for name, parameter, gradient in zip(self.names, parameters, found, strict=True)
        }

    def _descend(self, gradients: Mapping[str, Tensor], factor: Tensor | float) -> None:
        """Move every parameter against ``_direction`` of its gradient with the weight decay, at ``factor`` times the rate."""
        rate = self.learning_rate * torch.as_tensor(factor, device=self.stack.device)
        moves_all = bool((rate != 0).all())
        with torch.no_grad():
            for name, gradient in gradients.items():
                parameter = self.stack.parameters[name]
                gradient = gradient + _column(self.weight_decay, parameter.ndim) * parameter
                update = _column(rate, parameter.ndim) * self._direction(name, gradient)
                # a model that is done stays as it is, even where its gradient or momentum is not finite
                parameter.sub_(update if moves_all else torch.where(_column(rate, parameter.ndim) == 0, 0.0, update))

    @abstractmethod
    def _direction(self, name: str, gradient: Tensor) -> Tensor:
        """What a parameter is moved against, of its gradient with the weight decay; (M, *shape)."""

    def finish(self) -> Stack:
        """The trained stack, without gradients."""
        for name in self.names:
            self.stack.parameters[name].requires_grad_(False)
        return self.stack


class SGD(_Optimiser):
    """SGD with momentum and weight decay as in ``torch.optim.SGD``, per-model rates, in place on a stack.

    Args:
        stack: the models; their parameters are changed in place and require gradients until ``finish``.
        learning_rate, momentum, weight_decay: one number, or one per model (M,).
        trainable: names of the parameters to change; all by default.
    """

    def __init__(
        self,
        stack: Stack,
        learning_rate: Tensor | float,
        momentum: Tensor | float = 0.9,
        weight_decay: Tensor | float = 0.0,
        trainable: Sequence[str] | None = None,
    ) -> None:
        super().__init__(stack, learning_rate, weight_decay, trainable)
        self.momentum = self._vector(momentum)
        self.velocity: dict[str, Tensor] = {}

    def step(self, losses: Tensor, factor: Tensor | float = 1.0, gradient_scale: Mapping[str, Tensor] | None = None) -> None:
        """Descend once.

        Args:
            losses: (M,), what each model minimises.
            factor: of the learning rate, from a schedule; (M,) or a number. A model whose factor is 0 stays as it is.
            gradient_scale: name -> (M, *shape), multiplied onto the gradient (before weight decay); a mask, for instance.
        """
        gradients, scale = self.gradients(losses), gradient_scale or {}
        self._descend({name: g * scale[name] if name in scale else g for name, g in gradients.items()}, factor)

    def _direction(self, name: str, gradient: Tensor) -> Tensor:
        """The new velocity."""
        if name in self.velocity:
            self.velocity[name].mul_(_column(self.momentum, gradient.ndim)).add_(gradient)
        else:
            self.velocity[name] = gradient.clone()
        return self.velocity[name]


class Adam(_Optimiser):
    """``torch.optim.Adam`` (betas 0.9 and 0.999, epsilon 1e-8) with per-model rates, in place on a stack.

    Args:
        stack: the models; their parameters are changed in place and require gradients until ``finish``.
        learning_rate, weight_decay: one number, or one per model (M,). The decay is added to the gradient, as there.
        trainable: names of the parameters to change; all by default.
    """

    betas, epsilon = (0.9, 0.999), 1e-8

    def __init__(
        self,
        stack: Stack,
        learning_rate: Tensor | float,
        weight_decay: Tensor | float = 0.0,
        trainable: Sequence[str] | None = None,
    ) -> None:
        super().__init__(stack, learning_rate, weight_decay, trainable)
        self.steps = 0
        self.moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name in self.names for p in [stack.parameters[name]]}

    def step(self, losses: Tensor, factor: Tensor | float = 1.0) -> None:
        """Descend once.

        Args:
            losses: (M,), what each model minimises.
            factor: of the learning rate, from a schedule; (M,) or a number. A model whose factor is 0 stays as it is; the step counts
                for it all the same.
        """
        gradients = self.gradients(losses)
        self.steps += 1
        self._descend(gradients, factor)

    def _direction(self, name: str, gradient: Tensor) -> Tensor:
        """First over root of second moment, both corrected for their start at 0."""
        (mean, square), (first, second) = self.moments[name], self.betas
        mean.lerp_(gradient, 1 - first)
        square.lerp_(gradient.square(), 1 - second)
        return mean / (1 - first**self.steps) / ((square / (1 - second**self.steps)).sqrt() + self.epsilon)


def _column(vector: Tensor, ndim: int) -> Tensor:
    """(M,) or () as (M, 1, 1, ...), to multiply a tensor of ``ndim`` dimensions."""
    return vector.view(-1, *[1] * (ndim - 1)) if vector.ndim else vector
