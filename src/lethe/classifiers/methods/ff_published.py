"""FF as published: gradients are averaged over a batch before they are squared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from lethe.classifiers.methods.base import BatchSize
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.methods.ff import FisherForgetting
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, batches, cross_entropy
from lethe.core.methods import MethodDescription


class FisherForgettingPublished(FisherForgetting):
    """``ff`` with F_i = mean over batches of D_R, in order, of sum_y mean_b(p_y) (d mean_b CE(., y) / d theta_i)^2.

    A label weighs by its share of the batch, and its gradient is that of the whole batch: samples that the model is sure about count as if
    they had every label. F is too large for a model that fits its data, and the noise too small.
    """

    about = MethodDescription(
        title="FF (published)", paper="code published with arXiv 2410.01276", colour="#CC79A7", marker="^", published_of="ff"
    )
    contract = ClassifierContract(small={"alpha": 1e-05, "batch_size": 64}, direction="change", retain=0.9, sees="nothing")

    class Config(FisherForgetting.Config):
        """And the batch size."""

        shape: ClassVar[tuple[str, ...]] = ("batch_size",)
        batch_size: BatchSize = 64

    def prepare(self, problem: Problem) -> Problem:
        """As it is: F depends on the batch size, which is searched."""
        return problem

    def fisher(self, problem: Problem, configs: Sequence[FisherForgetting.Config]) -> dict[str, Tensor]:
        """See ``FisherForgetting.fisher`` and the class."""
        assert isinstance(configs[0], FisherForgettingPublished.Config)
        size = configs[0].batch_size
        probe = SGD(problem.original.clone(), 0.0)
        total = {name: torch.zeros_like(parameter) for name, parameter in problem.original.parameters.items()}
        for part in batches(problem.retain, size, None):
            for label in range(problem.classes):
                logits = problem.logits(probe.stack, part)
                weight = logits.detach().softmax(-1)[:, :, label].mean(1)
                for name, gradient in probe.gradients(cross_entropy(logits, torch.full_like(part, label))).items():
                    total[name] += weight.view(-1, *[1] * (gradient.ndim - 1)) * gradient.square()
        return {name: value / -(-problem.retain.shape[1] // size) for name, value in total.items()}
