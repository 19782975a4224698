"""RNI, repeated noise injection: train a few random tensors per epoch, after adding noise to those that had no turn yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field

from lethe.classifiers.methods._masked import step_where
from lethe.classifiers.methods._reset import reset
from lethe.classifiers.methods.base import Decay, Epochs, Fraction, Method, Rate, Standard, Uniform, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, batches, constant, data_order
from lethe.core.methods import MethodDescription

TRAINED = 9  # tensors per epoch, as published
SHARE = 3  # but no more than a third of the tensors, which is what 9 are of a ResNet-18's 28


class RepeatedNoiseInjection(Method["RepeatedNoiseInjection.Config"]):
    """The classifier is redrawn; then CE(D_R) is minimised with SGD, a new one per epoch.

    In the last ``fine_num_epochs`` of the ``num_epochs`` all tensors are trained at the fine rate. In every epoch before, those of batch
    normalisation ("bn" in the name) and 9 random others are, the rest is frozen. From epoch ``reset_num_epochs`` (counted from 0) on,
    origin_noise * N(0, 1) is first added to int(noise_ratio * 9) of the 9, except to tensors that were trained in an earlier epoch.

    In a small model 9 tensors are all of them, and nothing would be left to add noise to: there it is a third of the tensors. The
    published code also measures the validation accuracy in every epoch and does not use it.
    """

    about = MethodDescription(
        title="RNI",
        means="repeated noise injection",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#56B4E9",
        marker="s",
    )
    contract = ClassifierContract(
        small={
            "learning_rate": 0.05,
            "num_epochs": 6,
            "fine_num_epochs": 3,
            "fine_learning_rate": 0.05,
            "noise_ratio": 1.0,
            "origin_noise": 0.1,
        },
        direction="loss",
        retain=0.85,
        sees="nothing",
    )

    class Config(Standard):
        """Standard; rate and decay of the last epochs; when, how many and how large the noise is."""

        learning_rate: Rate = 0.02
        num_epochs: Epochs = 4
        fine_num_epochs: Epochs = 2
        fine_learning_rate: Rate = 0.02
        fine_weight_decay: Decay = 5e-4
        reset_num_epochs: Epochs = 1
        noise_ratio: Fraction = 0.7
        origin_noise: Annotated[float, Field(ge=0), Uniform(0, 1)] = 0.04

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        device = problem.images.device
        # plans of epochs and rates stay on the CPU, so that no step waits for the device
        rate, decay, momentum = (column(configs, name) for name in ("learning_rate", "weight_decay", "momentum"))
        fine_rate, fine_decay = (column(configs, f"fine_{name}") for name in ("learning_rate", "weight_decay"))
        epochs, fine_epochs = column(configs, "num_epochs"), column(configs, "fine_num_epochs")
        noise_from, sigma = column(configs, "reset_num_epochs"), column(configs, "origin_noise")
        stack = problem.original.clone()
        reset(problem, stack, problem.architecture.classifier, "rni/reset")

        names = [name for name in stack.parameters if "bn" not in name]
        count = min(TRAINED, -(-len(names) // SHARE))
        noised = torch.tensor([int(config.noise_ratio * count) for config in configs])
        seen = torch.zeros(len(problem), len(names), dtype=torch.bool)
        turns, order = problem.draws("rni/turns"), data_order()
        for epoch in range(int(epochs.max())):
            fine = epoch >= epochs - fine_epochs
            place = turns.permutations(len(names)).cpu()
            trained = (place < count) | fine[:, None]
            noisy = (place < noised[:, None]) & ~seen & ((epoch >= noise_from) & ~fine & (epoch < epochs))[:, None]
            seen |= trained
            turn = trained.to(device)
            mask = {name: turn[:, i].view(-1, *[1] * (stack.parameters[name].ndim - 1)) for i, name in enumerate(names)}
            with torch.no_grad():
                for i in noisy.any(0).nonzero().flatten().tolist():
                    parameter, noise = stack.parameters[names[i]], problem.draws(f"rni/noise/{epoch}/{i}")
                    size = (sigma * noisy[:, i]).to(device).view(-1, *[1] * (parameter.ndim - 1))
                    parameter.add_(size * noise.normal(parameter.shape[1:]))
            optimiser = SGD(stack, torch.where(fine, fine_rate, rate), momentum, torch.where(fine, fine_decay, decay))
            for part in batches(problem.retain, configs[0].batch_size, order):
                step_where(optimiser, mask, problem.cross_entropy(stack, part), constant(epoch, epochs))
        return optimiser.finish()
