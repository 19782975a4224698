"""NG+, NegGrad+: descend on the retain set and ascend on the forget set at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from lethe.classifiers.methods.base import Fraction, Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, constant, data_order
from lethe.core.methods import MethodDescription


class NegGradPlus(Method["NegGradPlus.Config"]):
    """Minimise alpha CE(D_R) - (1 - alpha) CE(D_F) with SGD at a constant rate (Kurmanji et al. 2023).

    An epoch is one pass over D_R; the batches of D_F are repeated until it ends. Batch normalisation uses its running statistics.
    The published loss has a pull towards the original weights whose factor is 0 throughout; it is left out.
    """

    about = MethodDescription(
        title="NG+",
        means="NegGrad+, up on forget, down on retain",
        paper="arXiv 2302.09880",
        colour="#CC79A7",
        marker="o",
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.03, "num_epochs": 4, "alpha": 0.7}, direction="loss", retain=0.9, sees="labels"
    )

    class Config(Standard):
        """Standard, and the weight of the retain set."""

        alpha: Fraction = 0.95

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        epochs, size = column(configs, "num_epochs"), configs[0].batch_size
        stack = problem.original.clone()
        alpha = column(configs, "alpha", stack.device)
        optimiser, order = sgd(stack, configs), data_order()
        for epoch in range(int(epochs.max())):
            gone = cycle(list(batches(problem.forget, size, order)))
            for kept in batches(problem.retain, size, order):
                retain = problem.cross_entropy(stack, kept, train=False)
                forget = problem.cross_entropy(stack, next(gone), train=False)
                optimiser.step(alpha * retain - (1 - alpha) * forget, constant(epoch, epochs))
        return optimiser.finish()
