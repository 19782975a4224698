"""CFW, confuse the weights: disturb the convolutions with noise, fine-tune, and disturb a little once more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from lethe.classifiers.methods.base import Method, Sigma, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, cosine, cross_entropies, data_order
from lethe.core.methods import MethodDescription


class ConfuseWeights(Method["ConfuseWeights.Config"]):
    """Add N(0, start_confuser_std^2) to the weights of all convolutions, then minimise the class-balanced CE(D_R).

    The loss is mean_i w(y_i) CE_i with w(c) = |D_R| / (C' n_c), n_c the samples of class c in D_R and C' the number of
    classes that have any; SGD, cosine annealing per epoch.
    N(0, final_confuser_std^2) is added before the last epoch, if there are at least two.

    On a network without convolutions this is plain fine-tuning with the class-balanced loss.
    """

    about = MethodDescription(
        title="CFW",
        means="confuse the weights by noise",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#D55E00",
        marker="s",
        needs=("convolutions",),
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.05, "num_epochs": 4, "start_confuser_std": 0.3, "final_confuser_std": 0.01},
        direction="loss",
        retain=0.8,
        sees="nothing",
    )

    class Config(Standard):
        """Standard, and the standard deviations of the noise."""

        start_confuser_std: Sigma = 0.6
        final_confuser_std: Sigma = 0.005

    def disturbed(self, problem: Problem) -> list[str]:
        """Names of the parameters that get noise."""
        return list(problem.architecture.kernels)

    def balance(self, losses: Tensor, weights: Tensor) -> Tensor:
        """Loss (M,) of the cross-entropy (M, B) of every sample and the weight (M, B) of its class."""
        return (weights * losses).mean(1)

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        epochs = column(configs, "num_epochs")
        counts = F.one_hot(problem.labels[problem.retain], problem.classes).sum(1)  # (M, C)
        weights = problem.retain.shape[1] / ((counts > 0).sum(1, keepdim=True) * counts.clamp(min=1))
        stack, names = problem.original.clone(), self.disturbed(problem)
        _disturb(problem, stack, names, column(configs, "start_confuser_std"), "cfw/start")
        optimiser, order = sgd(stack, configs), data_order()
        for epoch in range(int(epochs.max())):
            for part in batches(problem.retain, configs[0].batch_size, order):
                logits, labels = problem.logits(stack, part, train=True), problem.labels[part]
                losses = cross_entropies(logits, labels)
                optimiser.step(self.balance(losses, weights.gather(1, labels)), cosine(epoch, epochs))
            before_last = torch.eq(epochs - 2, epoch)
            if before_last.any():
                _disturb(problem, stack, names, column(configs, "final_confuser_std") * before_last, "cfw/final")
        return optimiser.finish()


@torch.no_grad()
def _disturb(problem: Problem, stack: Stack, names: list[str], std: Tensor, purpose: str) -> None:
    """Add noise of ``std`` (M,) in place; the same for a model whenever it is called for one purpose."""
    draws = problem.draws(purpose)
    for name in names:
        noise = draws.normal(stack.parameters[name].shape[1:])
        stack.parameters[name].add_(std.to(noise.device).view(-1, *[1] * (noise.ndim - 1)) * noise)
