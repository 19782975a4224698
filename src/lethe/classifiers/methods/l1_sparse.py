"""l1-sparse: fine-tune on the retain set while a penalty prunes the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import Tensor

from lethe.classifiers.methods.base import Epochs, LogUniform, Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, constant, data_order
from lethe.core.methods import MethodDescription


class L1Sparse(Method["L1Sparse.Config"]):
    """Minimise CE(D_R) + alpha (1 - e / E) |theta|_1 in the epochs e = 0..E-1, with SGD at a constant rate (Jia et al. 2023).

    The penalty is on every parameter, biases and those of normalisation included, and falls linearly: sparse first, accurate last. The
    authors' code can stop it some epochs before the end; by default it does not, and that is left out. Its rate falls at epochs 91 and
    136, which fine-tuning never reaches.

    The default of alpha is that of the paper; the range that is searched is ours.
    """

    about = MethodDescription(
        title="l1-sparse",
        means="fine-tuning that prunes weights",
        paper="arXiv 2304.04934",
        colour="#D55E00",
        marker="D",
    )
    contract = ClassifierContract(small={"num_epochs": 2, "alpha": 1e-3}, direction="change", retain=0.9, sees="nothing")

    class Config(Standard):
        """Standard, and the weight of the penalty in the first epoch."""

        num_epochs: Epochs = 10
        alpha: Annotated[float, Field(ge=0), LogUniform(1e-6, 1e-2)] = 5e-4

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        epochs, alpha = column(configs, "num_epochs", stack.device), column(configs, "alpha", stack.device)
        optimiser, order = sgd(stack, configs), data_order()
        for epoch in range(int(epochs.max())):
            weight = alpha * (1 - epoch / epochs)  # negative for a model that is done, whose rate is 0
            for part in batches(problem.retain, configs[0].batch_size, order):
                losses = problem.cross_entropy(stack, part) + weight * _l1(stack)
                optimiser.step(losses, constant(epoch, epochs))
        return optimiser.finish()


def _l1(stack: Stack) -> Tensor:
    """l1 norm of all parameters of every model, (M,)."""
    norms = [parameter.abs().flatten(1).sum(1) for parameter in stack.parameters.values()]
    return sum(norms[1:], norms[0])
