"""EraseDiff: forgetting as a bilevel problem, retaining outside and relabelling inside.

Wu et al., "Erasing Undesirable Influence in Diffusion Models", arXiv 2401.05779, algorithm 1. With x_f and x_r noised forget and retain
images, c_f and c_r their prompts, c* what the task overwrites c_f with and theta_i the weights at the begin of a round,

    L_f(theta) = MSE(eps_theta(x_f, t, c_f), sg[eps_theta(x_f, t, c*)]),    L_r(theta) = MSE(eps_theta(x_r, t', c_r), noise)

    inside:   K loops of steps on L_f from theta_i reach phi; Lbar = the mean of L_f over the last loop
    outside:  from theta_i again, one loop of steps on L_r + alpha (L_f - Lbar)

Lbar is a number, so it moves no weight: the inside tells only how much of forgetting is still open (``gap``, L_f - Lbar). Its optimiser is
its own and begins anew in each round, and theta_i is restored once a round; what the released code does is ``erasediff_published``.

Of a base that predicts v, eps and noise are v in both losses: L_r is the loss that the base was trained on, and alpha weighs L_f against it
(``lethe.diffusion.parameterization``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch
from pydantic import Field, model_validator
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import DenseMethod, RetainTrainingConfig, Student
from lethe.diffusion.methods._relabelling import Relabelled, relabelled
from lethe.diffusion.methods.base import Emitter
from lethe.settings.hyperparameters import Hyperparameters


class RoundsConfig(RetainTrainingConfig):
    """Hyper-parameters of EraseDiff and of its published variant."""

    loop_steps: int = Field(
        10, ge=1, description="steps of each loop, inside and outside; as published a pass over the forget images"
    )
    inner_loops: int = Field(2, ge=0, description="K, loops inside a round")
    forget_weight: float = Field(0.1, ge=0, description="alpha, weight of L_f outside")

    def steps_per_round(self) -> int:
        """Optimiser steps of a round that are counted."""
        return self.loop_steps

    @model_validator(mode="after")
    def _whole_rounds(self) -> RoundsConfig:
        if self.steps % self.steps_per_round():
            raise ValueError(f"steps {self.steps} are no whole number of rounds of {self.steps_per_round()} steps")
        return self


class EraseDiffConfig(RoundsConfig):
    """Hyper-parameters of EraseDiff; ``steps`` are those outside, ``loop_steps`` of them a round."""


class EraseDiff(DenseMethod[RoundsConfig]):
    """Bilevel erasing (EraseDiff, arXiv 2401.05779) on cross-attention; see the module."""

    about = MethodDescription(
        title="EraseDiff",
        means="bilevel forgetting and retaining",
        paper="arXiv 2401.05779",
        colour="#5E3C99",
        marker="<",
    )
    contract = Contract(
        small={
            "steps": 12,
            "loop_steps": 12,
            "inner_loops": 1,
            "forget_batch": 6,
            "retain_batch": 6,
            "learning_rate": 2e-3,
            "forget_weight": 5.0,
        },
        direction="away",
        holds_others=False,
    )
    Config: ClassVar[type[Hyperparameters]] = EraseDiffConfig

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L_r + alpha (L_f - Lbar) at each step outside."""
        config, lent = self.config, student.lent
        rounds, loop = config.steps // config.loop_steps, config.loop_steps
        outer = relabelled(lent, emitter, config, config.steps, seed)
        inner = relabelled(lent, emitter, config, rounds * config.inner_loops * loop, seed, "inner ")
        for _ in range(rounds):
            bar = self._inside(student, inner)
            for _ in range(loop):
                gradient, errors = self.outside(student, next(outer))
                yield gradient, {"loss_forget": errors[0], "loss_retain": errors[1], "gap": errors[0] - bar}

    def outside(self, student: Student, seen: Relabelled) -> tuple[list[Tensor], Tensor]:
        """Gradient of L_r + alpha L_f, and (L_f, L_r)."""
        taught = student.asked(seen.forget, seen.label, "current")
        return student.towards_all([(self.config.forget_weight, taught), (1.0, seen.retain)], self.config.micro_batch)

    def inside(self, student: Student, seen: Relabelled) -> tuple[list[Tensor], Tensor]:
        """Gradient of L_f, and L_f."""
        return student.towards(student.asked(seen.forget, seen.label, "current"), self.config.micro_batch)

    def _inside(self, student: Student, batches: Iterator[Relabelled]) -> Tensor:
        """Lbar; the weights of the student are those that it had."""
        config, bar = self.config, torch.zeros((), device=student.lent.device)
        kept = copies(student.parameters)
        optimizer = torch.optim.AdamW(student.parameters, lr=config.learning_rate, weight_decay=config.weight_decay, foreach=True)
        for _ in range(config.inner_loops):
            losses = []
            for _ in range(config.loop_steps):
                gradient, loss = self.inside(student, next(batches))
                for parameter, value in zip(student.parameters, gradient, strict=True):
                    parameter.grad = value
                config.clip(student.parameters)
                optimizer.step()
                losses.append(loss)
            bar = torch.stack(losses).mean()
        put_back(student.parameters, kept)
        return bar


def copies(parameters: Sequence[Tensor]) -> list[Tensor]:
    """The values of parameters as they are."""
    return [parameter.detach().clone() for parameter in parameters]


@torch.no_grad()
def put_back(parameters: Sequence[Tensor], kept: Sequence[Tensor]) -> None:
    """Set parameters to kept values, in place, so that an optimiser goes on with them."""
    for parameter, value in zip(parameters, kept, strict=True):
        parameter.copy_(value)
