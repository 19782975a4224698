"""KDE, knowledge distillation and entropy: reset the first convolution and the classifier, then learn back from the original model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods._reset import reset
from lethe.classifiers.methods.base import Decay, Epochs, Method, Rate, Standard, Temperature, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, constant, cosine, cross_entropy, data_order, kl_divergence
from lethe.core.methods import MethodDescription


class KnowledgeDistillationEntropy(Method["KnowledgeDistillationEntropy.Config"]):
    """Reset, warm up, retrain; the teacher p^O is the original model.

    The convolution ``conv1`` (where there is one) and the classifier are redrawn. Warm-up for ``num_epochs``: minimise KL_T(p^O || p). Then
    for ``retain_num_epochs``, cosine annealing per epoch: minimise H_T(p^O, p) + CE + KL_T(p^O || p) on D_R, with H the cross-entropy and T
    the temperature of both softmaxes. H and KL have one gradient, so the teacher counts twice.

    The published warm-up runs on validation data, which would contaminate every number on it; here it runs on D_R.
    ``kde_published`` is the published one.
    """

    about = MethodDescription(
        title="KDE",
        means="knowledge distillation and entropy",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#E69F00",
        marker="s",
    )
    contract = ClassifierContract(
        small={
            "learning_rate": 0.05,
            "weight_decay": 0.0005,
            "batch_size": 64,
            "num_epochs": 3,
            "retain_num_epochs": 5,
            "retain_learning_rate": 0.05,
            "retain_weight_decay": 0.0005,
            "temperature": 2.0,
        },
        direction="loss",
        retain=0.7,
        sees="nothing",
    )

    class Config(Standard):
        """Standard for the warm-up; rate and decay of the second phase; the temperature."""

        learning_rate: Rate = 0.05
        num_epochs: Epochs = 2
        retain_num_epochs: Epochs = 4
        retain_learning_rate: Rate = 0.05
        retain_weight_decay: Decay = 5e-4
        temperature: Temperature = 2.0

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        device, size = problem.images.device, configs[0].batch_size
        later = [column(configs, name, device) for name in ("retain_learning_rate", "retain_weight_decay")]
        temperature = column(configs, "temperature", device)
        stack = problem.original.clone()
        first = [name for name in stack.parameters if name.startswith("conv1.")]
        reset(problem, stack, [*first, *problem.architecture.classifier], "kde/reset")

        index, order = self._warm_up(problem)
        logits, epochs = teach(problem, problem.original, index), column(configs, "num_epochs")
        optimiser = sgd(stack, configs)
        for epoch in range(int(epochs.max())):
            for part, target in paired(index, logits, size, order):
                student = problem.logits(stack, part, train=True)
                optimiser.step(kl_divergence(target, student, temperature), constant(epoch, epochs))

        order = data_order()  # a new one: how long the others warmed up is not to matter
        logits, epochs = teach(problem, problem.original, problem.retain), column(configs, "retain_num_epochs")
        optimiser = SGD(stack, later[0], column(configs, "momentum", device), later[1])
        for epoch in range(int(epochs.max())):
            for part, target in paired(problem.retain, logits, size, order):
                student = problem.logits(stack, part, train=True)
                losses = cross_entropy(student, problem.labels[part]) + 2 * kl_divergence(target, student, temperature)
                optimiser.step(losses, cosine(epoch, epochs))
        return optimiser.finish()

    def _warm_up(self, problem: Problem) -> tuple[Tensor, torch.Generator | None]:
        """Samples of the warm-up and their order."""
        return problem.retain, data_order()
