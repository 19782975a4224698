"""FT, fine-tuning: go on training on the retain set and let the rest fade."""

from __future__ import annotations

from collections.abc import Sequence

from lethe.deepunlearn.methods.base import Method, Standard, column
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.problem import Problem
from lethe.deepunlearn.training import SGD, batches, cosine, data_order


class FineTune(Method[Standard]):
    """Minimise CE(D_R) with SGD, cosine annealing per epoch (Warnecke et al. 2021; Golatkar et al. 2020)."""

    Config = Standard
    title = "FT"
    paper = "arXiv 2108.11577"

    def unlearn(self, problem: Problem, configs: Sequence[Standard]) -> Stack:
        """See the class."""
        rate, decay, momentum = (column(configs, name) for name in ("learning_rate", "weight_decay", "momentum"))
        epochs = column(configs, "num_epochs")
        stack = problem.original.clone()
        optimiser, order = SGD(stack, rate, momentum, decay), data_order()
        for epoch in range(int(epochs.max())):
            for part in batches(problem.retain, configs[0].batch_size, order):
                optimiser.step(problem.cross_entropy(stack, part), cosine(epoch, epochs))
        return optimiser.finish()
