"""IU, influence unlearning: one Newton-like step that takes the influence of the forget set out of the weights."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.classifiers.methods._per_sample import rows
from lethe.classifiers.methods.base import Hyperparameters, Method, Uniform, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, batches
from lethe.core.methods import MethodDescription

log = logging.getLogger(__name__)
SAMPLES = 1000  # of D_R in the Fisher matrix
# Conjugate gradients end where |v - H k| / |v| is this small. A well-trained model takes about ten iterations, since its gradients and
# with them H - I are small; one that does not fit its retain set takes tens. More than MOST are not made.
TOLERANCE, MOST = 1e-5, 50
HELD = 2**26  # numbers: gradients of single samples are kept up to here, and worked out again in every iteration beyond
BATCH, TINY = 256, 1e-30


class InfluenceUnlearning(Method["InfluenceUnlearning.Config"]):
    """theta <- theta + alpha H^-1 v, model in evaluation mode (Koh & Liang 2017; Jia et al. 2023).

    v = 1/(nF + nR) [sum_F g_i - nF/nR sum_R g_i] with g_i the gradient of sample i's CE, and H = I + 1/N sum_i g_i g_i^T over N <= 1000
    samples of D_R: the matrix that the WoodFisher recursion inverts sample by sample, which takes all earlier vectors. Here H k = v is solved
    by conjugate gradients, to a relative residual of 1e-5; models that are not there after 50 iterations are named in a warning.

    Of the published search space num_epochs is not used, and the batch size changes nothing but rounding; both are left out.
    """

    about = MethodDescription(title="IU", paper="arXiv 2304.04934", colour="#009E73", marker="^")
    contract = ClassifierContract(small={"alpha": 1.0}, direction="change", retain=0.97, sees="labels")

    class Config(Hyperparameters):
        """The step size."""

        shape: ClassVar[tuple[str, ...]] = ()
        alpha: Annotated[float, Field(ge=0), Uniform(0, 1)] = 1.0

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack, n_forget, n_retain = problem.original.clone(), problem.forget.shape[1], problem.retain.shape[1]
        forget, retain = (_gradient(problem, index) for index in (problem.forget, problem.retain))
        v = (forget - retain * (n_forget / n_retain)) / (n_forget + n_retain)
        k = self._solve(problem, v) * column(configs, "alpha", stack.device)[:, None]
        parts = k.split([parameter[0].numel() for parameter in stack.parameters.values()], 1)
        for parameter, part in zip(stack.parameters.values(), parts, strict=True):
            parameter.add_(part.view_as(parameter))
        return stack

    def _solve(self, problem: Problem, v: Tensor) -> Tensor:
        """k (M, P) with H k = v (M, P)."""
        k, residuals = zip(*(_conjugate_gradients(problem, m, row) for m, row in enumerate(v)), strict=True)
        far = {problem.seeds[m]: f"{residual:.1e}" for m, residual in enumerate(residuals) if not residual <= TOLERANCE}
        if far:
            log.warning(
                "%s: relative residual above %g after %d iterations, by seed of the model: %s",
                type(self).__name__,
                TOLERANCE,
                MOST,
                far,
            )
        return torch.stack(k)


def _conjugate_gradients(problem: Problem, model: int, v: Tensor) -> tuple[Tensor, float]:
    """k (P,) with H k = v for one model, from 0, and the relative residual."""
    index = problem.retain[model, :SAMPLES]
    held = list(rows(problem, model, index)) if len(index) * len(v) <= HELD else None
    k, residual, direction = torch.zeros_like(v), v.clone(), v.clone()
    square = start = residual @ residual
    for _ in range(MOST):
        if square <= TOLERANCE**2 * start:
            break
        product = direction.clone()
        for g in held or rows(problem, model, index):
            product += (g @ direction) @ g / len(index)
        length = square / (direction @ product).clamp(min=TINY)
        k += length * direction
        residual -= length * product
        before, square = square, residual @ residual
        direction = residual + square / before.clamp(min=TINY) * direction
    return k, float((square / start.clamp(min=TINY)).sqrt())


def _gradient(problem: Problem, index: Tensor) -> Tensor:
    """d sum CE / d theta over ``index`` (M, n) as (M, P), the parameters of a model in one row; evaluation mode."""
    probe = SGD(problem.original.clone(), 0.0)
    total = torch.zeros((), device=index.device)
    for part in batches(index, BATCH, None):
        found = probe.gradients(part.shape[1] * problem.cross_entropy(probe.stack, part, train=False))
        total = total + torch.cat([gradient.flatten(1) for gradient in found.values()], 1)
    return total
