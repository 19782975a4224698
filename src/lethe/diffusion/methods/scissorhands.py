"""Scissorhands: weights that matter for what is forgotten are reset, then forgetting and retaining are trained together.

Wu and Harandi, "Scissorhands: Scrub Data Influence via Connection Sensitivity in Networks", arXiv 2401.06187. With L_SD the denoising loss,
g its gradient on forget images at the base and w the weights of the layers that may be reset:

    reset:    the ``reset_share`` of these weights with the largest abs(g w) becomes N(0, 0.02^2), biases 0
    then:     steps on alpha MSE(eps_theta(x_f, t, c_f), sg[eps_theta(x_f, t, c*)]) + L_SD(x_r, c_r) over all trained parameters
    projected, where the gradient d of such a step has d . m < 0 on these layers, m = the gradient of -L_SD on forget images after the
              reset:  d + v m with v = max(margin, -(d . m) / (m . m + ridge))

The projection is that of gradient episodic memory (GEM, arXiv 1706.08840) for a memory of one gradient, whose quadratic program has this
closed form: no step makes what is forgotten easier to draw.

L_SD is the loss that the base was trained on: of a base that predicts v, eps stands for v in it and in the first loss, which alpha weighs against
it (``lethe.diffusion.parameterization``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import CROSS_ATTENTION, DenseMethod, RetainTrainingConfig, Student
from lethe.diffusion.methods._relabelling import Relabelled, relabelled
from lethe.diffusion.methods._training import Borrowed, emitter_generator, matching
from lethe.diffusion.methods.base import Emitter
from lethe.settings.hyperparameters import Hyperparameters

MARGIN, RIDGE = 0.5, 1e-3  # of the projection, as published


class ResetConfig(RetainTrainingConfig):
    """Hyper-parameters of Scissorhands and of its published variant."""

    trainable: list[str] = Field(["*"], min_length=1, description="patterns of UNet parameter names (fnmatch)")
    resettable: list[str] = Field(
        CROSS_ATTENTION, min_length=1, description="patterns of those, of trained ones, that may be reset"
    )
    reset_share: float = Field(0.01, gt=0, lt=1, description="share of the ranked weights that count as important")
    reset_batches: int = Field(1, ge=1, description="forget batches over which abs(g) is summed")
    reset_std: float = Field(0.02, gt=0, description="standard deviation of weights that are reset")
    forget_weight: float = Field(0.1, ge=0, description="alpha")


class ScissorhandsConfig(ResetConfig):
    """Hyper-parameters of Scissorhands."""

    memory_batches: int = Field(1, ge=1, description="forget batches that m is taken on, as a mean")
    project_every: int = Field(10, ge=1, description="steps from one projection of the gradient to the next")


class Scissorhands(DenseMethod[ResetConfig]):
    """Connection sensitivity, reset and projected training (Scissorhands, arXiv 2401.06187); see the module.

    Weights are ranked among those that may be reset, so that ``reset_share`` of them is.
    """

    about = MethodDescription(
        title="Scissorhands",
        means="resets telling weights, then trains",
        paper="arXiv 2401.06187",
        colour="#8A7F00",
        marker="p",
    )
    contract = Contract(
        small={
            "steps": 20,
            "forget_batch": 3,
            "retain_batch": 9,
            "learning_rate": 1e-3,
            "forget_weight": 5.0,
            "reset_share": 0.002,
            "reset_batches": 4,
            "memory_batches": 4,
            "project_every": 2,
        },
        direction="loss",
    )
    Config: ClassVar[type[Hyperparameters]] = ScissorhandsConfig

    def start(self, student: Student, emitter: Emitter, seed: int) -> dict[str, Any]:
        """Reset the most important weights; how many they are belongs in the record."""
        config, reset = self.config, self.resettable(student)
        scores = self._importance(student, emitter, seed)
        marked = most_important({name: scores[name] for name in self.ranked(student)}, config.reset_share)
        generator = emitter_generator(seed, emitter, "reset")
        count = 0
        with torch.no_grad():
            for name, parameter in zip(student.names, student.parameters, strict=True):
                if name not in reset:
                    continue
                fresh = torch.zeros(parameter.shape)
                if name.endswith("weight"):
                    fresh = config.reset_std * torch.randn(parameter.shape, generator=generator)
                parameter.copy_(torch.where(marked[name], fresh.to(parameter), parameter))
                count += int(marked[name].sum())
        return {"weights_reset": count, "weights_resettable": sum(scores[name].numel() for name in reset)}

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of alpha L_f + L_r, projected."""
        config = self.config
        memory = self.memory(student, emitter, seed)
        for step, seen in enumerate(self.batches(student.lent, emitter, seed)):
            taught = student.asked(seen.forget, seen.label, "current")
            gradient, errors = student.towards_all([(config.forget_weight, taught), (1.0, seen.retain)], config.micro_batch)
            gradient, moved = self.projected(step, dict(zip(student.names, gradient, strict=True)), memory)
            yield gradient, {"loss_forget": errors[0], "loss_retain": errors[1], "projected": errors.new_zeros(()) + moved}

    def resettable(self, student: Student) -> list[str]:
        """Names of the trained parameters that may be reset."""
        return matching(student.names, self.config.resettable, "resettable", "trained parameters")

    def ranked(self, student: Student) -> list[str]:
        """Names of the parameters among which weights are ranked."""
        return self.resettable(student)

    def batches(self, lent: Borrowed, emitter: Emitter, seed: int) -> Iterator[Relabelled]:
        """What each step looks at."""
        return relabelled(lent, emitter, self.config, self.config.steps, seed)

    def memory(self, student: Student, emitter: Emitter, seed: int) -> dict[str, Tensor]:
        """Name of a parameter that may be reset -> gradient of -L_SD on ``memory_batches`` batches of forget images, at the weights after it."""
        config, lent = self.config, student.lent
        names, count = set(self.resettable(student)), config.memory_batches  # type: ignore[attr-defined]
        generator = emitter_generator(seed, emitter, "memory")
        total = {
            name: torch.zeros_like(p, requires_grad=False) for name, p in zip(student.names, student.parameters, strict=True)
        }
        for rows in lent.batches(lent.forget_rows(emitter), config.forget_batch, count, generator):
            gradient, _ = student.towards(rows, config.micro_batch)
            for name, value in zip(student.names, gradient, strict=True):
                total[name] -= value / count
        return {name: value for name, value in total.items() if name in names}

    def projected(
        self, step: int, gradient: dict[str, Tensor], memory: Mapping[str, Tensor]
    ) -> tuple[list[Tensor], Tensor | float]:
        """The gradient of a step, and 1 if it was projected, else 0."""
        if step % self.config.project_every:  # type: ignore[attr-defined]
            return list(gradient.values()), 0.0
        dot, square = (torch.stack([(x[name] * m).sum() for name, m in memory.items()]).sum() for x in (gradient, memory))
        moved = dot < 0
        share = torch.where(moved, (-dot / (square + RIDGE)).clamp(min=MARGIN), 0.0)  # on the device: no number is waited for
        return [value + share * memory[name] if name in memory else value for name, value in gradient.items()], moved.float()

    def _importance(self, student: Student, emitter: Emitter, seed: int) -> dict[str, Tensor]:
        """Name -> abs(g w) of every weight of each trained parameter."""
        config, lent = self.config, student.lent
        total = [torch.zeros_like(parameter, requires_grad=False) for parameter in student.parameters]
        rows = lent.forget_rows(emitter)
        for seen in lent.batches(rows, config.forget_batch, config.reset_batches, emitter_generator(seed, emitter, "saliency")):
            gradient, _ = student.towards(seen, config.micro_batch)
            for kept, value in zip(total, gradient, strict=True):
                kept += value.abs()
        pairs = zip(student.names, total, student.parameters, strict=True)
        return {name: (kept * parameter.detach()).abs() for name, kept, parameter in pairs}


def most_important(scores: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Bool masks of the scores beyond the quantile 1 - ``share`` of all of them; a score equal to it is not marked."""
    flat = torch.cat([score.flatten() for score in scores.values()])
    threshold = flat.kthvalue(max(1, int((1 - share) * len(flat)))).values  # torch.quantile takes 16 million numbers at most
    return {name: score > threshold for name, score in scores.items()}
