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


def data_order(device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh generator of the data order, the same for every model and every method; one of another device gives other numbers."""
    return torch.Generator(device).manual_seed(ORDER_SEED)


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
    if order is None:
        yield from index.split(batch_size, dim=1)
        return
    positions = torch.randperm(index.shape[1], generator=order, device=order.device).to(index.device)
    for part in positions.split(batch_size):
        yield index[:, part]


def augmented(images: Tensor, augment: Callable[[Tensor, torch.Generator], Tensor], order: torch.Generator) -> Tensor:
    """Images (M, B, C, H, W) after random augmentation, every model's with the same random numbers, taken from ``order``."""
    if len(images) == 1:
        return augment(images.squeeze(0), order).unsqueeze(0)
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
    """What SGD and Adam share: the models, their rates and gradients, and that a model whose rate is 0 stays as it is.

    Rates are kept on the CPU: which models move decides which kernels run, and a step must not wait for the device to know. Models that
    an architecture computes in one product (no buffers) are updated together, tensor by tensor; models that it computes one after another
    each by torch's fused kernel, without a model axis. Either way a model is updated in the same way alone and among others.
    """

    def __init__(
        self, stack: Stack, learning_rate: Tensor | float, weight_decay: Tensor | float, trainable: Sequence[str] | None
    ) -> None:
        self.stack = stack
        self.learning_rate, self.weight_decay = self._vector(learning_rate), self._vector(weight_decay)
        self.names = list(stack.parameters if trainable is None else trainable)
        for name in self.names:
            stack.parameters[name].requires_grad_(True)

    def _vector(self, value: Tensor | float) -> Tensor:
        """One number per model, (M,) float32, on the CPU."""
        return torch.as_tensor(value, dtype=torch.float32, device="cpu").expand(len(self.stack))

    def _columns(self, vector: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
        """(M,) as (M, 1, 1, ...) on the device, for each of the tensors (M, *shape)."""
        vector = vector.to(self.stack.device, non_blocking=True)
        return [_column(vector, tensor.ndim) for tensor in tensors]

    def gradients(self, losses: Tensor) -> dict[str, Tensor]:
        """d losses[m] / d parameters[m], by name, (M, *shape); zero for a parameter that the loss does not see."""
        parameters = [self.stack.parameters[name] for name in self.names]
        found = torch.autograd.grad(losses, parameters, torch.ones_like(losses), allow_unused=True)
        return {
            name: torch.zeros_like(parameter) if gradient is None else gradient
            for name, parameter, gradient in zip(self.names, parameters, found, strict=True)
        }

    @torch.no_grad()
    def _descend(self, gradients: Mapping[str, Tensor], factor: Tensor | float) -> None:
        """Move every parameter against its gradient with the weight decay, at ``factor`` times the rate."""
        rate = self.learning_rate * torch.as_tensor(factor, device="cpu")
        rates, names = rate.tolist(), list(gradients)
        if self.stack.buffers:
            for m, decay in enumerate(self.weight_decay.tolist()):
                weights = [self.stack.parameters[name].detach()[m] for name in names]
                found = [_laid_out(gradients[name][m], weight) for name, weight in zip(names, weights, strict=True)]
                # a model that is done stays as it is, even where its gradient or momentum is not finite; its momentum goes on
                self._move_one(m, names, weights if rates[m] else [w.clone() for w in weights], found, rates[m], decay)
            return
        parameters = [self.stack.parameters[name] for name in names]
        decayed = torch._foreach_mul(parameters, self._columns(self.weight_decay, parameters))
        torch._foreach_add_(decayed, list(gradients.values()))
        columns = self._columns(rate, parameters)
        updates = list(torch._foreach_mul(self._directions(names, list(decayed)), columns))
        if 0.0 in rates:
            updates = [torch.where(column == 0, 0.0, update) for column, update in zip(columns, updates, strict=True)]
        torch._foreach_sub_(parameters, updates)

    @abstractmethod
    def _directions(self, names: Sequence[str], gradients: list[Tensor]) -> list[Tensor]:
        """What parameters are moved against, of their gradients with the weight decay; (M, *shape) each."""

    @abstractmethod
    def _move_one(
        self, m: int, names: Sequence[str], weights: list[Tensor], gradients: list[Tensor], rate: float, decay: float
    ) -> None:
        """Move the weights of model ``m`` in place, and its momentum with them."""

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
        self.move({name: g * scale[name] if name in scale else g for name, g in gradients.items()}, factor)

    def move(self, gradients: Mapping[str, Tensor], factor: Tensor | float = 1.0) -> None:
        """Descend once along ``gradients`` (by name, (M, *shape)); otherwise as ``step``."""
        for name in gradients:
            if name not in self.velocity:
                self.velocity[name] = torch.zeros_like(self.stack.parameters[name], requires_grad=False)
        self._descend(gradients, factor)

    def _directions(self, names: Sequence[str], gradients: list[Tensor]) -> list[Tensor]:
        """The new velocities."""
        velocities = [self.velocity[name] for name in names]
        torch._foreach_mul_(velocities, self._columns(self.momentum, velocities))
        torch._foreach_add_(velocities, gradients)
        return velocities

    def _move_one(
        self, m: int, names: Sequence[str], weights: list[Tensor], gradients: list[Tensor], rate: float, decay: float
    ) -> None:
        momentum = self.momentum.tolist()[m]
        torch._fused_sgd_(
            weights,
            gradients,
            [self.velocity[name][m] for name in names] if momentum else [],
            weight_decay=decay,
            momentum=momentum,
            lr=rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


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

    def _directions(self, names: Sequence[str], gradients: list[Tensor]) -> list[Tensor]:
        """First over root of second moments, both corrected for their start at 0."""
        means, squares = ([self.moments[name][which] for name in names] for which in (0, 1))
        first, second = self.betas
        torch._foreach_lerp_(means, gradients, 1 - first)
        torch._foreach_lerp_(squares, torch._foreach_mul(gradients, gradients), 1 - second)
        roots = torch._foreach_sqrt(torch._foreach_div(squares, 1 - second**self.steps))
        torch._foreach_add_(roots, self.epsilon)
        return list(torch._foreach_div(torch._foreach_div(means, 1 - first**self.steps), roots))

    def _move_one(
        self, m: int, names: Sequence[str], weights: list[Tensor], gradients: list[Tensor], rate: float, decay: float
    ) -> None:
        torch._fused_adam_(
            weights,
            gradients,
            [self.moments[name][0][m] for name in names],
            [self.moments[name][1][m] for name in names],
            [],
            [torch.tensor(float(self.steps), device=self.stack.device)] * len(names),
            lr=rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=decay,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )


def _column(vector: Tensor, ndim: int) -> Tensor:
    """(M,) or () as (M, 1, 1, ...), to multiply a tensor of ``ndim`` dimensions."""
    return vector.view(-1, *[1] * (ndim - 1)) if vector.ndim else vector


def _laid_out(gradient: Tensor, weight: Tensor) -> Tensor:
    """The gradient in the memory layout of its weight: a fused kernel walks through both as one row of numbers."""
    return gradient if gradient.stride() == weight.stride() else torch.empty_like(weight).copy_(gradient)
