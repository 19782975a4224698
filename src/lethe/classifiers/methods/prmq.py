"""PRMQ: prune, draw anew, match the original's entropy, quantise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import ceil
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods.base import BatchSize, Decay, Fraction, Hyperparameters, Method, Rate, Uniform, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import Draws, cross_entropies, data_order
from lethe.core.methods import MethodDescription

CLASS_POWER = -0.1  # of the number of samples of a class: its weight in the loss


class PruneReinitMatch(Method["PruneReinitMatch.Config"]):
    """Reset the weights that matter least, then minimise CE_w(D_R) + (H(p) - H(p_0))^2.

    Of all weights and biases of convolutions and linear layers together the ``prune_amount`` with the smallest absolute value is
    drawn anew from U(+-1 / sqrt(fan_in)), biases set to 0. CE_w is the mean weighted with n_c^-0.1 for a class with n_c samples in
    D_R, H the entropy of a sample's prediction, p_0 the original's, evaluated as for testing. SGD at a constant rate for
    floor(batches of D_R * num_epochs) steps; the result is rounded to float16.
    """

    about = MethodDescription(
        title="PRMQ",
        means="prune, reinitialise, match, quantise",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#009E73",
        marker="s",
    )
    # it rounds to float16 in the end
    contract = ClassifierContract(
        small={"learning_rate": 0.05, "num_epochs": 2.4, "prune_amount": 0.8},
        direction="loss",
        retain=0.9,
        sees="nothing",
        tolerance=2**-10,
    )
    extra_steps: ClassVar[int] = 0

    class Config(Hyperparameters):
        """Standard but for ``num_epochs``, which need not be whole, and the share that is pruned."""

        shape: ClassVar[tuple[str, ...]] = ("batch_size",)
        learning_rate: Rate = 0.01
        weight_decay: Decay = 5e-4
        momentum: float = Field(0.9, ge=0, lt=1)
        batch_size: BatchSize = 64
        num_epochs: Annotated[float, Field(ge=1), Uniform(1, None)] = 3.2
        prune_amount: Fraction = 0.99

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        size = configs[0].batch_size
        per_epoch = ceil(problem.retain.shape[1] / size)
        steps = torch.tensor([int(per_epoch * config.num_epochs) + self.extra_steps for config in configs])
        counts = F.one_hot(problem.labels[problem.retain], problem.classes).sum(1)  # (M, C)
        weights = counts.clamp(min=1).float() ** CLASS_POWER

        stack = problem.original.clone()
        _prune(problem, stack, column(configs, "prune_amount", stack.device), problem.draws("prmq/reset"))
        entropies = _entropy(teach(problem, problem.original, problem.retain))  # (M, n)
        optimiser, order, last = sgd(stack, configs), data_order(), int(steps.max())
        for first in range(0, last, per_epoch):
            epoch = islice(paired(problem.retain, entropies, size, order), last - first)
            for step, (part, target) in enumerate(epoch, first):
                logits, labels = problem.logits(stack, part, train=True), problem.labels[part]
                losses = cross_entropies(logits, labels)
                weight = weights.gather(1, labels)
                loss = (weight * losses).sum(1) / weight.sum(1) + (_entropy(logits) - target).square().mean(1)
                optimiser.step(loss, (step < steps).float())
        return _half(optimiser.finish())


def _entropy(logits: Tensor) -> Tensor:
    """(M, B) of logits (M, B, C)."""
    log = F.log_softmax(logits, -1)
    return -(log.exp() * log).sum(-1)


def _prune(problem: Problem, stack: Stack, share: Tensor, draws: Draws) -> None:
    """Reset the ``share`` (M,) of smallest absolute value in place."""
    names = [name for name, kind in problem.architecture.kinds.items() if kind in ("conv", "linear")]
    sizes = [stack.parameters[name][0].numel() for name in names]
    values = torch.cat([stack.parameters[name].abs().flatten(1) for name in names], dim=1)
    ranks = values.argsort(dim=1, stable=True).argsort(dim=1)
    pruned = ranks < (share * values.shape[1]).round().unsqueeze(1)
    for name, part in zip(names, pruned.split(sizes, dim=1), strict=True):
        old = stack.parameters[name]
        new = torch.zeros_like(old)
        if name.endswith("weight"):
            new = (2 * draws.uniform(old.shape[1:]) - 1) / old.shape[2:].numel() ** 0.5
        old.copy_(torch.where(part.view_as(old), new, old))


def _half(stack: Stack) -> Stack:
    """The models with every number rounded to float16, in their own type."""

    def rounded(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: t.half().to(t.dtype) if t.is_floating_point() else t for name, t in tensors.items()}

    return Stack(rounded(stack.parameters), rounded(stack.buffers))
