"""SalUn, saliency unlearning: random labels for the forget set, learned by the weights that matter for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lethe.classifiers.methods._masked import step_where
from lethe.classifiers.methods._paired import paired
from lethe.classifiers.methods.base import Fraction, Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, Draws, batches, constant, cross_entropy, data_order
from lethe.core.methods import MethodDescription


class SalUn(Method["SalUn.Config"]):
    """Minimise CE(D_R with its labels + D_F with random wrong ones) with SGD, on a part of the weights (Fan et al. 2024).

    The part is the ``threshold`` share of all weights with the largest |d CE(D_F) / d theta|, model in evaluation mode; the others do not
    move. Labels y' != y are drawn anew in every epoch. The published search space also has an optimiser for the mask, which is not used.
    """

    about = MethodDescription(
        title="SalUn",
        means="saliency unlearning by random labels",
        paper="arXiv 2310.12508",
        colour="#0072B2",
        marker="^",
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.03, "num_epochs": 3, "threshold": 0.5}, direction="loss", retain=0.85, sees="labels"
    )

    class Config(Standard):
        """Standard, and the share of weights that are trained."""

        threshold: Fraction = 0.5

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        size = configs[0].batch_size
        epochs = column(configs, "num_epochs")
        stack = problem.original.clone()
        optimiser, order, draws = sgd(stack, configs), data_order(), problem.draws("salun/labels")
        mask = _largest(self._saliency(problem, optimiser, size), [config.threshold for config in configs])
        index = torch.cat([problem.forget, problem.retain], 1)
        for epoch in range(int(epochs.max())):
            labels = torch.cat([self._wrong(problem, draws), problem.labels[problem.retain]], 1)
            for part, wanted in paired(index, labels, size, order):
                losses = cross_entropy(problem.logits(stack, part, train=True), wanted)
                self._step(optimiser, losses, constant(epoch, epochs), mask)
        return optimiser.finish()

    def _saliency(self, problem: Problem, optimiser: SGD, batch_size: int) -> dict[str, Tensor]:
        """Gradient of the summed CE(D_F), name -> (M, *shape)."""
        total = {name: torch.zeros_like(parameter) for name, parameter in problem.original.parameters.items()}
        for part in batches(problem.forget, batch_size, None):
            losses = part.shape[1] * problem.cross_entropy(optimiser.stack, part, train=False)
            for name, gradient in optimiser.gradients(losses).items():
                total[name] += gradient
        return total

    def _wrong(self, problem: Problem, draws: Draws) -> Tensor:
        """Labels (M, n) for the forget set."""
        shift = 1 + draws.integers(problem.classes - 1, problem.forget.shape[1:])
        return (problem.labels[problem.forget] + shift) % problem.classes

    def _step(self, optimiser: SGD, losses: Tensor, factor: Tensor, mask: Mapping[str, Tensor]) -> None:
        """One step on the weights of the mask."""
        step_where(optimiser, mask, losses, factor)


def _largest(values: dict[str, Tensor], shares: Sequence[float]) -> dict[str, Tensor]:
    """Per model m the int(shares[m] * count) entries of largest magnitude among all tensors (M, *shape), as masks."""
    flat = torch.cat([tensor.flatten(1) for tensor in values.values()], 1).abs()
    mask = torch.zeros_like(flat, dtype=torch.bool)
    for row, entry, share in zip(flat, mask, shares, strict=True):
        entry[row.argsort(descending=True, stable=True)[: int(share * len(row))]] = True
    parts = mask.split([tensor[0].numel() for tensor in values.values()], 1)
    return {name: part.view_as(tensor) for (name, tensor), part in zip(values.items(), parts, strict=True)}
