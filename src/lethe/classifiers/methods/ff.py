"""FF, Fisher forgetting: noise on the weights that the retain set does not need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.classifiers.methods._per_sample import copies
from lethe.classifiers.methods.base import Hyperparameters, Method, Uniform, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription

SAMPLES = 2000  # of D_R at most: a gradient per sample and class is dear
LARGEST, LARGEST_OUT = 1e3, 1e2  # variance before alpha; of the classifier
RAISED = 10.0
FISHER = "ff/fisher"  # as which F is known of a problem


class FisherForgetting(Method["FisherForgetting.Config"]):
    """theta ~ N(theta0, s^2), one draw (Golatkar et al. 2020).

    F_i = mean over D_R of sum_y p_y (d CE(., y) / d theta_i)^2, the diagonal of the Fisher information, model in evaluation mode.
    s_i^2 = alpha min(1 / (F_i + 1e-8), 1e3), or 1e2 for tensors with one row per class; averaged over the inputs of a neuron or the input
    channels of a filter (dim 1); times 10 for tensors with one row per class and for vectors. F comes from 2,000 random samples if D_R
    has more.

    The published range of alpha, [0, 1], destroys the model nearly everywhere. The batch size that is searched with it has no part
    in the formula.
    """

    about = MethodDescription(
        title="FF",
        means="Fisher forgetting by noise on weights",
        paper="arXiv 1911.04933",
        colour="#CC79A7",
        marker="^",
    )
    contract = ClassifierContract(small={"alpha": 1e-05}, direction="change", retain=0.9, sees="nothing")

    class Config(Hyperparameters):
        """The scale of the noise."""

        shape: ClassVar[tuple[str, ...]] = ()
        alpha: Annotated[float, Field(ge=0), Uniform(0, 1)] = 5e-6

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack, draws = problem.original.clone(), problem.draws("ff/noise")
        alpha = column(configs, "alpha", stack.device)
        fisher = self.fisher(problem, configs)
        for name, parameter in stack.parameters.items():
            out = parameter.shape[1] == problem.classes
            variance = (1 / (fisher[name] + 1e-8)).clamp(max=LARGEST_OUT if out else LARGEST)
            variance = variance * alpha.view(-1, *[1] * (parameter.ndim - 1))
            if parameter.ndim > 2:
                variance = variance.mean(2, keepdim=True)
            if out or parameter.ndim == 2:
                variance = variance * RAISED
            parameter.add_(variance.sqrt() * draws.normal(parameter.shape[1:]))
        return stack

    def prepare(self, problem: Problem) -> Problem:
        """With F of every model, which no hyper-parameter changes."""
        return problem if FISHER in problem.known else replace(problem, known={**problem.known, FISHER: diagonal(problem)})

    def fisher(self, problem: Problem, configs: Sequence[Config]) -> Mapping[str, Tensor]:
        """F of every model before unlearning, name -> (M, *shape)."""
        return self.prepare(problem).known[FISHER]


def diagonal(problem: Problem) -> dict[str, Tensor]:
    """F, name -> (M, *shape)."""
    index = problem.retain
    if index.shape[1] > SAMPLES:
        index = index.gather(1, problem.draws("ff/samples").permutations(index.shape[1])[:, :SAMPLES])
    total = {name: torch.zeros_like(parameter) for name, parameter in problem.original.parameters.items()}
    for m in range(len(problem)):
        for _, parameters, logits in copies(problem, m, index[m]):
            logarithms = logits.log_softmax(-1)
            root = logarithms.detach().div(2).exp()  # squared with the gradient it gives the weight p_y
            squares = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
            for label in range(problem.classes):
                loss = (root[:, label] * logarithms[:, label]).sum()
                gradients = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True)
                for square, gradient in zip(squares.values(), gradients, strict=True):
                    square.addcmul_(gradient, gradient)
            for name, square in squares.items():
                total[name][m] += square.sum(0)
    return {name: value / index.shape[1] for name, value in total.items()}
