"""CT, convolution transpose: turn every kernel over its diagonal and fine-tune."""

from __future__ import annotations

from collections.abc import Sequence

from lethe.classifiers.methods.base import Method, Standard, fine_tune
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription


class ConvTranspose(Method[Standard]):
    """Swap the two spatial axes of every convolution kernel, then minimise CE(D_R) with SGD, cosine annealing per epoch.

    A kernel of 1 x 1 stays as it is; on a network without convolutions this is plain fine-tuning, the method ``ft``.
    """

    about = MethodDescription(
        title="CT",
        means="convolution transpose, kernels turned",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#CC79A7",
        marker="s",
        needs=("convolutions",),
    )
    contract = ClassifierContract(small={"learning_rate": 0.05, "num_epochs": 6}, direction="loss", retain=0.7, sees="nothing")
    Config = Standard

    def unlearn(self, problem: Problem, configs: Sequence[Standard]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        for name in problem.architecture.kernels:
            stack.parameters[name].copy_(stack.parameters[name].mT.clone())
        return fine_tune(problem, stack, configs)
