"""IU, influence unlearning: one Newton-like step that takes the influence of the forget set out of the weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

from lethe.classifiers.methods.base import Hyperparameters, Method, Uniform, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, batches, cross_entropies
from lethe.core.methods import MethodDescription

log = logging.getLogger(__name__)
SAMPLES = 1000  # of D_R in the Fisher matrix
# Conjugate gradients end where |v - H k| / |v| is this small. A well-trained model takes about ten iterations, since its gradients and
# with them H - I are small; one that does not fit its retain set takes tens. More than MOST are not made.
TOLERANCE, MOST = 1e-5, 50
BATCH, TINY = 256, 1e-30

Weights = Mapping[str, Tensor]  # name -> (M, *shape)


class InfluenceUnlearning(Method["InfluenceUnlearning.Config"]):
    """theta <- theta + alpha H^-1 v, model in evaluation mode (Koh & Liang 2017; Jia et al. 2023).

    v = 1/(nF + nR) [sum_F g_i - nF/nR sum_R g_i] with g_i the gradient of sample i's CE, and H = I + 1/N sum_i g_i g_i^T over N <= 1000
    samples of D_R: the matrix that the WoodFisher recursion inverts sample by sample, which takes all earlier vectors. Here H k = v is solved
    by conjugate gradients, which need products with H alone, to a relative residual of 1e-5; models that are not there after 50 iterations are
    named in a warning.

    Of the published search space num_epochs is not used, and the batch size changes nothing but rounding; both are left out.
    """

    about = MethodDescription(
        title="IU", means="influence unlearning, a Newton-like step", paper="arXiv 2304.04934", colour="#009E73", marker="^"
    )
    contract = ClassifierContract(small={"alpha": 1.0}, direction="change", retain=0.97, sees="labels")

    class Config(Hyperparameters):
        """The step size."""

        shape: ClassVar[tuple[str, ...]] = ()
        alpha: Annotated[float, Field(ge=0), Uniform(0, 1)] = 1.0

    def prepare(self, problem: Problem) -> Problem:
        """With H^-1 v of every model, which no hyper-parameter changes."""
        key = type(self).__name__
        if key in problem.known:
            return problem
        n_forget, n_retain = problem.forget.shape[1], problem.retain.shape[1]
        forget, retain = (_gradient(problem, index) for index in (problem.forget, problem.retain))
        v = {name: (forget[name] - retain[name] * (n_forget / n_retain)) / (n_forget + n_retain) for name in forget}
        return replace(problem, known={**problem.known, key: self._solve(problem, v)})

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack, step = problem.original.clone(), self.prepare(problem).known[type(self).__name__]
        alpha = column(configs, "alpha", stack.device)
        for name, parameter in stack.parameters.items():
            parameter.add_(_times(alpha, step[name]))
        return stack

    def _solve(self, problem: Problem, v: Weights) -> Weights:
        """k with H k = v."""
        k, residuals = _conjugate_gradients(problem, v)
        far = {problem.seeds[m]: f"{residual:.1e}" for m, residual in enumerate(residuals) if not residual <= TOLERANCE}
        if far:
            log.warning(
                "%s: relative residual above %g after %d iterations, by seed of the model: %s",
                type(self).__name__,
                TOLERANCE,
                MOST,
                far,
            )
        return k


def _conjugate_gradients(problem: Problem, v: Weights) -> tuple[Weights, list[float]]:
    """k with H k = v, from 0, of all models side by side, and their relative residuals. A model that is there moves no more."""
    index = problem.retain[:, :SAMPLES]
    k, residual, direction = ({name: start.clone() for name, start in part.items()} for part in (_zeros(v), v, v))
    square = start = _dot(residual, residual)
    for _ in range(MOST):
        open_ = square > TOLERANCE**2 * start
        if not open_.any():
            break
        product = fisher_product(problem, index, direction)
        product = {name: direction[name] + product[name] for name in v}
        length = torch.where(open_, square / _dot(direction, product).clamp(min=TINY), 0.0)
        for name in v:
            k[name] += _times(length, direction[name])
            residual[name] -= _times(length, product[name])
        before, square = square, _dot(residual, residual)
        ratio = square / before.clamp(min=TINY)
        direction = {name: residual[name] + _times(ratio, direction[name]) for name in v}
    return k, (square / start.clamp(min=TINY)).sqrt().tolist()


def fisher_product(problem: Problem, index: Tensor, direction: Weights) -> Weights:
    """1/n sum_i g_i g_i^T d with g_i the gradient of sample i's CE, of every model: the product of its empirical Fisher matrix with a vector.

    A forward pass with d as tangent gives all g_i^T d of a batch, its backward pass their weighted sum of g_i: no gradient of a single sample
    is ever held. Evaluation mode.

    Args:
        index: (M, n) samples. direction: d by name, (M, *shape).
    """
    total = _zeros(direction)
    original = problem.original
    for part in batches(index, BATCH, None):
        with forward_ad.dual_level(), sdpa_kernel(SDPBackend.MATH):  # other kernels of attention have no forward derivative
            primal = {name: parameter.detach().requires_grad_(True) for name, parameter in original.parameters.items()}
            dual = {name: forward_ad.make_dual(parameter, direction[name]) for name, parameter in primal.items()}
            losses = cross_entropies(problem.logits(Stack(dual, original.buffers), part), problem.labels[part])
            value, along = forward_ad.unpack_dual(losses)
        found = torch.autograd.grad(value, list(primal.values()), along.detach() / index.shape[1])
        for name, gradient in zip(primal, found, strict=True):
            total[name] += gradient
    return total


def _gradient(problem: Problem, index: Tensor) -> Weights:
    """d sum CE / d theta over ``index`` (M, n); evaluation mode."""
    probe = SGD(problem.original.clone(), 0.0)
    total = _zeros(problem.original.parameters)
    for part in batches(index, BATCH, None):
        found = probe.gradients(part.shape[1] * problem.cross_entropy(probe.stack, part, train=False))
        for name, gradient in found.items():
            total[name] += gradient
    return total


def _zeros(like: Weights) -> dict[str, Tensor]:
    return {name: torch.zeros_like(tensor) for name, tensor in like.items()}


def _dot(first: Weights, second: Weights) -> Tensor:
    """Inner product of the weights of every model, (M,)."""
    return torch.stack([(first[name] * second[name]).flatten(1).sum(1) for name in first]).sum(0)


def _times(factor: Tensor, tensor: Tensor) -> Tensor:
    """A tensor (M, *shape) times one number per model (M,)."""
    return factor.view(-1, *[1] * (tensor.ndim - 1)) * tensor
