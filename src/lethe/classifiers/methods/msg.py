"""MSG, masked small gradients: reset the convolution weights that matter least for telling forget from retain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lethe.classifiers.methods.base import Fraction, Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, data_order
from lethe.core.methods import MethodDescription

KEPT_SCALE = 0.1  # gradient factor of the weights that were not reset
PROBE_BATCH = 64


class MaskedSmallGradients(Method["MaskedSmallGradients.Config"]):
    """Reset, then fine-tune.

    g = d/dtheta [CE(subset of D_R of size |D_F|) - CE(D_F)], sums of means over batches of 64. Of every convolution the ``init_rate``
    weights with the smallest |g| are redrawn from N(0, 2 / fan_out), equal ones by their place; biases stay. Then CE(D_R) is minimised
    with SGD, gradients of the other convolution weights times 0.1. The rate rises linearly over the first half of the epochs and falls
    over the second.

    On a network without convolutions this is plain fine-tuning with that schedule: nothing is reset and no gradient scaled.
    """

    about = MethodDescription(
        title="MSG",
        means="masked small gradients, weights reset",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#0072B2",
        marker="s",
        needs=("convolutions",),
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.05, "num_epochs": 4, "init_rate": 0.3}, direction="loss", retain=0.9, sees="labels"
    )

    class Config(Standard):
        """Standard, and the share that is reset."""

        init_rate: Fraction = 0.3

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        epochs, share = column(configs, "num_epochs"), column(configs, "init_rate", problem.images.device)
        stack = problem.original.clone()
        optimiser, order = sgd(stack, configs), data_order()

        total = {name: torch.zeros_like(stack.parameters[name]) for name in problem.architecture.kernels}
        for sign, part in self._probe(problem, configs[0].batch_size):
            for name, gradient in optimiser.gradients(sign * problem.cross_entropy(stack, part)).items():
                if name in total:
                    total[name] += gradient
        redrawn = self._redraw(problem, stack, total, share)
        scale = {name: torch.where(mask, 1.0, KEPT_SCALE) for name, mask in redrawn.items()}

        half = (epochs + 1) // 2
        for epoch in range(int(epochs.max())):
            s = epoch + 1
            factor = torch.where(s <= half, s / half.clamp(min=1), (epochs + 1 - s) / (epochs + 1 - half)).clamp(min=0)
            factor = factor * (epoch < epochs)
            for part in batches(problem.retain, configs[0].batch_size, order):
                optimiser.step(problem.cross_entropy(stack, part), factor, scale)
        return optimiser.finish()

    def _probe(self, problem: Problem, batch_size: int) -> Iterator[tuple[float, Tensor]]:
        """Batches (M, B) of g, each with the sign of its loss. ``batch_size`` is that of fine-tuning."""
        subset = problem.retain.gather(1, problem.draws("msg/subset").permutations(problem.retain.shape[1]))
        for part in batches(subset[:, : problem.forget.shape[1]], PROBE_BATCH, None):
            yield 1.0, part
        for part in batches(problem.forget, self._forget_batch(batch_size), None):
            yield -1.0, part

    def _forget_batch(self, batch_size: int) -> int:
        """Batch size of the forget set in g."""
        return PROBE_BATCH

    @torch.no_grad()
    def _redraw(self, problem: Problem, stack: Stack, gradients: dict[str, Tensor], share: Tensor) -> dict[str, Tensor]:
        """Redraw in place; what was redrawn, as masks (M, *shape) by the names of ``gradients``."""
        masks, draws = {}, problem.draws("msg/reset")
        for name, gradient in gradients.items():
            weight = stack.parameters[name]
            ranks = gradient.abs().flatten(1).argsort(dim=1, stable=True).argsort(dim=1).view_as(weight)
            masks[name] = ranks < (share * weight[0].numel()).round().view(-1, *[1] * (weight.ndim - 1))
            fan_out = weight.shape[1] * weight[0, 0, 0].numel()
            weight.copy_(torch.where(masks[name], draws.normal(weight.shape[1:]) * (2 / fan_out) ** 0.5, weight))
        return masks
