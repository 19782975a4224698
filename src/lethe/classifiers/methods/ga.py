"""GA, gradient ascent on the forget set."""

from __future__ import annotations

from collections.abc import Sequence

from lethe.classifiers.methods.base import Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, constant, data_order
from lethe.core.methods import MethodDescription


class GradientAscent(Method[Standard]):
    """Minimise -CE(D_F) with SGD at a constant rate (Thudi et al. 2022). Nothing stops it: that is its known weakness."""

    about = MethodDescription(
        title="GA", means="gradient ascent on the forget set", paper="arXiv 2109.13398", colour="#D55E00", marker="o"
    )
    # nothing protects the retain set
    contract = ClassifierContract(small={"batch_size": 16, "num_epochs": 4}, direction="loss", retain=0.0, sees="labels")
    Config = Standard

    def unlearn(self, problem: Problem, configs: Sequence[Standard]) -> Stack:
        """See the class."""
        epochs = column(configs, "num_epochs")
        stack = problem.original.clone()
        optimiser, order = sgd(stack, configs), data_order()
        for epoch in range(int(epochs.max())):
            for part in batches(problem.forget, configs[0].batch_size, order):
                optimiser.step(-problem.cross_entropy(stack, part), constant(epoch, epochs))
        return optimiser.finish()
