"""BT, bad teacher: imitate the original model on the retain set and an incompetent one on the forget set."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lethe.deepunlearn.methods._paired import paired, teach
from lethe.deepunlearn.methods.base import BatchSize, Decay, Epochs, Hyperparameters, Method, Rate, Temperature, column
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.problem import Problem
from lethe.deepunlearn.training import constant, data_order, kl_divergence

BETAS, EPSILON = (0.9, 0.999), 1e-8


class BadTeacher(Method["BadTeacher.Config"]):
    """Minimise KL_T(p^O || p) on samples of D_R and KL_T(p^rand || p) on those of D_F, batches drawn from both (Chundawat et al. 2023).

    p^rand is a randomly initialised model of the same architecture. Adam at a constant rate; the momentum that the search space
    lists for it is not used by the released code and left out.
    """

    class Config(Hyperparameters):
        """Of Adam, and the temperature of all softmaxes."""

        learning_rate: Rate = 1e-3
        weight_decay: Decay = 1e-5
        batch_size: BatchSize = 64
        num_epochs: Epochs = 3
        kl_temperature: Temperature = 1.0

    title = "BT"
    paper = "arXiv 2205.08096"

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        device = problem.images.device
        rate, decay = (column(configs, name, device) for name in ("learning_rate", "weight_decay"))
        epochs, temperature = column(configs, "num_epochs", device), column(configs, "kl_temperature", device)
        stack = problem.original.clone()
        index = torch.cat([problem.retain, problem.forget], 1)
        logits = torch.cat([teach(problem, problem.original, problem.retain), self._incompetent(problem)], 1)
        optimiser, order = _Adam(stack, rate, decay), data_order()
        for epoch in range(int(epochs.max())):
            for part, target in paired(index, logits, configs[0].batch_size, order):
                student = problem.logits(stack, part, train=True)
                optimiser.step(self._scale(problem) * kl_divergence(target, student, temperature), constant(epoch, epochs))
        return optimiser.finish()

    def _incompetent(self, problem: Problem) -> Tensor:
        """Logits (M, n, C) of the incompetent teachers on the forget sets."""
        seeds = problem.draws("bt/teacher").integers(2**31, (1,)).flatten().tolist()
        return teach(problem, problem.architecture.init(seeds).to(problem.images.device), problem.forget)

    def _scale(self, problem: Problem) -> float:
        """What the loss is multiplied with."""
        return 1.0


class _Adam:
    """``torch.optim.Adam`` on a stack, weight decay added to the gradient; rates and decays are (M,)."""

    def __init__(self, stack: Stack, learning_rate: Tensor, weight_decay: Tensor) -> None:
        self.stack, self.learning_rate, self.weight_decay = stack, learning_rate, weight_decay
        self.steps = 0
        self.moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in stack.parameters.items()}
        for parameter in stack.parameters.values():
            parameter.requires_grad_(True)

    def step(self, losses: Tensor, factor: Tensor) -> None:
        """Descend once on ``losses`` (M,), learning rate times ``factor`` (M,)."""
        self.steps += 1
        gradients = torch.autograd.grad(losses.sum(), list(self.stack.parameters.values()))
        with torch.no_grad():
            for (name, parameter), gradient in zip(self.stack.parameters.items(), gradients, strict=True):
                shape = (-1, *[1] * (parameter.ndim - 1))
                gradient = gradient + self.weight_decay.view(shape) * parameter
                mean, square = self.moments[name]
                mean.lerp_(gradient, 1 - BETAS[0])
                square.lerp_(gradient.square(), 1 - BETAS[1])
                direction = mean / (1 - BETAS[0] ** self.steps) / ((square / (1 - BETAS[1] ** self.steps)).sqrt() + EPSILON)
                parameter.sub_((self.learning_rate * factor).view(shape) * direction)

    def finish(self) -> Stack:
        """The trained stack, without gradients."""
        for parameter in self.stack.parameters.values():
            parameter.requires_grad_(False)
        return self.stack
