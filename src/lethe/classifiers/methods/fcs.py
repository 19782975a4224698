"""FCS, forget by contrast: flatten the outputs on the forget set, then alternate contrast and repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from lethe.classifiers.methods.base import Decay, LogUniform, Method, Rate, Standard, Temperature, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, batches, constant, data_order, kl_divergence
from lethe.core.methods import MethodDescription


class ForgetContrast(Method["ForgetContrast.Config"]):
    """Three losses, each with an SGD of its own.

    1. One pass over D_F: KL(uniform || p).
    2. Then in every epoch
       (a) over pairs of a batch of D_F and one of D_R: mean of -log softmax(z_F z_R^T / temperature), the softmax over the batch
           of D_R and z_R a constant; cosine annealing per step from ``forget_learning_rate`` to ``eta_min``. z_R comes after z_F, as
           published: batch normalisation sees both;
       (b) over D_R: CE, at ``retain_learning_rate`` * batch_size / 64.
    """

    about = MethodDescription(
        title="FCS",
        means="forget by contrast, then repair",
        paper="NeurIPS 2023 machine unlearning challenge, as published with arXiv 2410.01276",
        colour="#8A7F00",
        marker="o",
    )
    contract = ClassifierContract(
        small={
            "num_epochs": 2,
            "retain_learning_rate": 0.01,
            "retain_weight_decay": 0.0005,
            "forget_learning_rate": 0.002,
            "forget_weight_decay": 0.0001,
            "eta_min": 0.0001,
        },
        direction="loss",
        retain=0.9,
        sees="samples",
    )

    class Config(Standard):
        """Standard for stage 1 (momentum, batch size and epochs for all), and rate and decay of the two rounds of stage 2."""

        retain_learning_rate: Rate = 0.001
        retain_weight_decay: Decay = 0.01
        forget_learning_rate: Rate = 3e-4
        forget_weight_decay: Decay = 0.0
        temperature: Temperature = 1.15
        eta_min: Annotated[float, Field(ge=0), LogUniform(1e-6, 1e-1)] = 1e-6

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        momentum, epochs, size = column(configs, "momentum"), column(configs, "num_epochs"), configs[0].batch_size
        stack, order = problem.original.clone(), data_order()
        temperature = column(configs, "temperature", stack.device).view(-1, 1, 1)

        flatten = SGD(stack, column(configs, "learning_rate"), momentum, column(configs, "weight_decay"))
        for part in batches(problem.forget, size, order):
            logits = problem.logits(stack, part, train=True)
            flatten.step(kl_divergence(torch.zeros_like(logits), logits))

        contrast = SGD(stack, 1.0, momentum, column(configs, "forget_weight_decay"))  # the schedule gives the rate itself
        repair = SGD(stack, column(configs, "retain_learning_rate") * size / 64, momentum, column(configs, "retain_weight_decay"))
        high, low = column(configs, "forget_learning_rate"), column(configs, "eta_min")
        steps, step = epochs * -(-problem.forget.shape[1] // size), 0
        for epoch in range(int(epochs.max())):
            for gone, kept in zip(batches(problem.forget, size, order), batches(problem.retain, size, order), strict=False):
                logits = problem.logits(stack, gone, train=True)
                with torch.no_grad():
                    anchors = problem.logits(stack, kept, train=True)
                rate = low + (high - low) * (1 + torch.cos(torch.pi * step / steps)) / 2
                contrast.step(_contrast(logits, anchors, temperature), rate * (epoch < epochs))
                step += 1
            for part in batches(problem.retain, size, order):
                repair.step(problem.cross_entropy(stack, part), constant(epoch, epochs))
        return repair.finish()


def _contrast(logits: Tensor, anchors: Tensor, temperature: Tensor) -> Tensor:
    """(M,) of logits (M, F, C) and anchors (M, R, C)."""
    return -torch.log_softmax(logits @ anchors.mT / temperature, dim=-1).mean((1, 2))
