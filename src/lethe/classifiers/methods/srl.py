"""SRL, successive random labels: go on training, with a new random label for every forget sample in every epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from lethe.classifiers.methods.base import Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, constant, cross_entropy, data_order
from lethe.core.methods import MethodDescription


class SuccessiveRandomLabels(Method[Standard]):
    """Minimise CE(D_R u D_F') with SGD at a constant rate.

    D_F' is D_F with labels from U{0..C-1}, the true one included, drawn anew in every epoch (Graves et al. 2021).
    """

    about = MethodDescription(
        title="SRL", means="successive random labels", paper="arXiv 2010.10981", colour="#009E73", marker="o"
    )
    contract = ClassifierContract(small={"learning_rate": 0.03, "num_epochs": 2}, direction="loss", retain=0.85, sees="samples")
    Config = Standard

    def unlearn(self, problem: Problem, configs: Sequence[Standard]) -> Stack:
        """See the class."""
        epochs, draws = column(configs, "num_epochs"), problem.draws("srl/labels")
        stack = problem.original.clone()
        optimiser, order = sgd(stack, configs), data_order()
        index = torch.cat([problem.forget, problem.retain], dim=1)
        positions = torch.arange(index.shape[1], device=index.device).expand_as(index)
        for epoch in range(int(epochs.max())):
            drawn = draws.integers(problem.classes, problem.forget.shape[1:])
            labels = torch.cat([drawn, problem.labels[problem.retain]], dim=1)
            for part in batches(positions, configs[0].batch_size, order):
                logits = problem.logits(stack, index.gather(1, part), train=True)
                optimiser.step(cross_entropy(logits, labels.gather(1, part)), constant(epoch, epochs))
        return optimiser.finish()
