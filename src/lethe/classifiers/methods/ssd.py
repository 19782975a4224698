"""SSD, selective synaptic dampening: shrink the weights that matter more for the forget set than for all data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from lethe.classifiers.methods._per_sample import copies
from lethe.classifiers.methods.base import Hyperparameters, LogUniform, Method, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription

SAMPLES = 2000  # of D_F and of all data at most, as in FF


class SelectiveDampening(Method["SelectiveDampening.Config"]):
    """theta_i <- min(lambda F_D,i / F_F,i, 1) theta_i where F_F,i > alpha F_D,i; the other weights stay (Foster et al. 2024).

    F is the diagonal of the Fisher information at the labels, the mean of (d CE / d theta_i)^2 over the samples of D_F (F_F) and of
    D = D_R u D_F (F_D), model in evaluation mode; from 2,000 random samples of a set that has more. Nothing is trained.

    Differences from the authors' code: it squares the mean gradient of a batch of 128, not the gradient of a sample, which is no Fisher
    information and counts a forget set smaller than a batch too high. Its exponent and bound, which it sets to 1, are left out. The
    defaults are those of its random forgetting. The ranges that are searched are ours: below lambda, alpha would have no effect.
    """

    about = MethodDescription(
        title="SSD",
        means="selective synaptic dampening",
        paper="arXiv 2308.07707",
        colour="#0072B2",
        marker="D",
    )
    contract = ClassifierContract(small={"alpha": 2.5}, direction="loss", retain=0.6, sees="labels")

    class Config(Hyperparameters):
        """What is selected (alpha), and how much of it is left (lambda, here ``dampening``)."""

        alpha: Annotated[float, Field(gt=0), LogUniform(1, 100)] = 10.0
        dampening: Annotated[float, Field(gt=0), LogUniform(0.01, 1)] = 1.0

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        alpha, dampening = (column(configs, name, stack.device) for name in ("alpha", "dampening"))
        on_forget = _fisher(problem, problem.forget, "ssd/forget")
        on_all = _fisher(problem, torch.cat([problem.retain, problem.forget], 1), "ssd/all")
        for name, parameter in stack.parameters.items():
            of_model = (-1, *[1] * (parameter.ndim - 1))
            selected = on_forget[name] > alpha.view(of_model) * on_all[name]
            left = (dampening.view(of_model) * on_all[name] / on_forget[name]).clamp(max=1)  # 0 / 0 is never selected
            parameter.mul_(torch.where(selected, left, 1.0))
        return stack


def _fisher(problem: Problem, index: Tensor, purpose: str) -> dict[str, Tensor]:
    """F of the original models on the samples ``index`` (M, n), name -> (M, *shape); ``purpose`` is that of the draws."""
    if index.shape[1] > SAMPLES:
        index = index.gather(1, problem.draws(purpose).permutations(index.shape[1])[:, :SAMPLES])
    total = {name: torch.zeros_like(parameter) for name, parameter in problem.original.parameters.items()}
    for m in range(len(problem)):
        for part, parameters, logits in copies(problem, m, index[m]):
            loss = F.cross_entropy(logits, problem.labels[part], reduction="sum")
            for name, gradient in zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True):
                total[name][m] += gradient.square().sum(0)
    return {name: value / index.shape[1] for name, value in total.items()}
