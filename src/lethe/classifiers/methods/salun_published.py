"""SalUn as published: a weighted saliency, and masked weights that move."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lethe.classifiers.methods.salun import SalUn
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, Draws, batches, data_order
from lethe.core.methods import MethodDescription


class SalUnPublished(SalUn):
    """``salun`` with three differences.

    The saliency is |sum_b (B - b + 1) g_b| over the B shuffled batches of D_F, g_b the gradient of the mean of batch b (gradients are never
    cleared, so early batches count again and again). The mask scales gradients only: weight decay moves the others.
    Random labels may be the true ones.
    """

    about = MethodDescription(
        title="SalUn (published)",
        paper="code published with arXiv 2410.01276",
        colour="#0072B2",
        marker="^",
        published_of="salun",
    )

    def _saliency(self, problem: Problem, optimiser: SGD, batch_size: int) -> dict[str, Tensor]:
        total = {name: torch.zeros_like(parameter) for name, parameter in problem.original.parameters.items()}
        number = -(-problem.forget.shape[1] // batch_size)
        for b, part in enumerate(batches(problem.forget, batch_size, data_order())):
            losses = (number - b) * problem.cross_entropy(optimiser.stack, part, train=False)
            for name, gradient in optimiser.gradients(losses).items():
                total[name] += gradient
        return total

    def _wrong(self, problem: Problem, draws: Draws) -> Tensor:
        return draws.integers(problem.classes, problem.forget.shape[1:])

    def _step(self, optimiser: SGD, losses: Tensor, factor: Tensor, mask: Mapping[str, Tensor]) -> None:
        optimiser.step(losses, factor, mask)
