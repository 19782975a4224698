"""BT, bad teacher: imitate the original model on the retain set and an incompetent one on the forget set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods.base import BatchSize, Decay, Epochs, Hyperparameters, Method, Rate, Temperature, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import Adam, constant, data_order, kl_divergence
from lethe.core.methods import MethodDescription


class BadTeacher(Method["BadTeacher.Config"]):
    """Minimise KL_T(p^O || p) on samples of D_R and KL_T(p^rand || p) on those of D_F, batches drawn from both (Chundawat et al. 2023).

    p^rand is a randomly initialised model of the same architecture. Adam at a constant rate; the momentum that the search space
    lists for it is not used by the published code and left out.
    """

    about = MethodDescription(
        title="BT", means="bad teacher on the forget set", paper="arXiv 2205.08096", colour="#8A7F00", marker="s"
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.003, "weight_decay": 0.0005}, direction="loss", retain=0.85, sees="samples"
    )

    class Config(Hyperparameters):
        """Of Adam, and the temperature of all softmaxes."""

        shape: ClassVar[tuple[str, ...]] = ("batch_size",)
        learning_rate: Rate = 1e-3
        weight_decay: Decay = 1e-5
        batch_size: BatchSize = 64
        num_epochs: Epochs = 3
        kl_temperature: Temperature = 1.0

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        device = problem.images.device
        rate, decay = (column(configs, name, device) for name in ("learning_rate", "weight_decay"))
        epochs, temperature = column(configs, "num_epochs"), column(configs, "kl_temperature", device)
        stack = problem.original.clone()
        index = torch.cat([problem.retain, problem.forget], 1)
        logits = torch.cat([teach(problem, problem.original, problem.retain), self._incompetent(problem)], 1)
        optimiser, order = Adam(stack, rate, decay), data_order()
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
