"""IU, influence unlearning: one Newton-like step that takes the influence of the forget set out of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from lethe.deepunlearn.methods.base import Hyperparameters, Method, Uniform, column
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.problem import Problem

SAMPLES = 1000  # of D_R in the Fisher matrix
ITERATIONS = 20  # of conjugate gradients; the matrix is close to the identity
BATCH = 256


class InfluenceUnlearning(Method["InfluenceUnlearning.Config"]):
    """theta <- theta + alpha H^-1 v, model in evaluation mode (Koh & Liang 2017; Jia et al. 2023).

    v = 1/(nF + nR) [sum_F g_i - nF/nR sum_R g_i] with g_i the gradient of sample i's CE, and H = I + 1/N sum_i g_i g_i^T over N <= 1000
    samples of D_R: the matrix that the WoodFisher recursion inverts sample by sample. Here H k = v is solved by conjugate gradients, so that
    no single gradient is stored.

    Of the published search space num_epochs is not used, and the batch size changes nothing but rounding; both are left out.
    """

    class Config(Hyperparameters):
        """The step size."""

        shape: ClassVar[tuple[str, ...]] = ()
        alpha: Annotated[float, Field(ge=0), Uniform(0, 1)] = 0.2

    title = "IU"
    paper = "arXiv 2304.04934"

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        for parameter in stack.parameters.values():
            parameter.requires_grad_(True)
        forget, retain = (
            torch.stack([_gradient(stack, _losses(problem, stack, part)) for part in index.split(BATCH, 1)]).sum(0)
            for index in (problem.forget, problem.retain)
        )
        n_forget, n_retain = problem.forget.shape[1], problem.retain.shape[1]
        step = self._solve(problem, stack, (forget - retain * (n_forget / n_retain)) / (n_forget + n_retain))
        step *= column(configs, "alpha", stack.device)[:, None]
        parts = step.split([parameter[0].numel() for parameter in stack.parameters.values()], 1)
        with torch.no_grad():
            for parameter, part in zip(stack.parameters.values(), parts, strict=True):
                parameter.requires_grad_(False)
                parameter.add_(part.view_as(parameter))
        return stack

    def _solve(self, problem: Problem, stack: Stack, v: Tensor) -> Tensor:
        """k (M, P) with H k = v, by conjugate gradients from 0."""
        index = problem.retain[:, :SAMPLES]
        k, residual, direction = torch.zeros_like(v), v.clone(), v.clone()
        square = residual.square().sum(1, keepdim=True)
        for _ in range(ITERATIONS):  # always all of them: when to stop is not to depend on the neighbours
            product = _times(problem, stack, index, direction)
            length = square / (direction * product).sum(1, keepdim=True).clamp(min=1e-30)
            k += length * direction
            residual -= length * product
            before, square = square, residual.square().sum(1, keepdim=True)
            direction = residual + square / before.clamp(min=1e-30) * direction
        return k


def _losses(problem: Problem, stack: Stack, index: Tensor) -> Tensor:
    """CE (M, n) of every sample, in evaluation mode."""
    logits = problem.logits(stack, index)
    return F.cross_entropy(logits.flatten(0, 1), problem.labels[index].flatten(), reduction="none").view(index.shape)


def _gradient(stack: Stack, losses: Tensor, differentiable: bool = False) -> Tensor:
    """d sum(losses) / d theta as (M, P), all parameters in one row; the graph lives on where it is ``differentiable``."""
    parameters = list(stack.parameters.values())
    found = torch.autograd.grad(losses.sum(), parameters, create_graph=differentiable, materialize_grads=True)
    return torch.cat([gradient.flatten(1) for gradient in found], 1)


def _times(problem: Problem, stack: Stack, index: Tensor, k: Tensor) -> Tensor:
    """H k (M, P): k + 1/N sum_i (g_i . k) g_i.

    The gradient of sum_i w_i CE_i is linear in w; its derivative along k is g_i . k.
    """
    total = k.clone()
    for part in index.split(BATCH, 1):
        losses, weight = _losses(problem, stack, part), torch.ones(part.shape, device=k.device, requires_grad=True)
        weighted = _gradient(stack, losses * weight, differentiable=True)
        (along,) = torch.autograd.grad((weighted * k).sum(), weight, retain_graph=True)
        total += _gradient(stack, losses * along) / index.shape[1]
    return total
