"""SA, selective amnesia: what is forgotten is learnt anew as something else, and every weight is held as firmly as it matters.

Heng and Soh, "Selective Amnesia: A Continual Learning Approach to Forgetting in Deep Generative Models", NeurIPS 2023, arXiv 2305.10120,
equation 5. With x_q images that stand for what is forgotten, c_f its prompt, (x_r, c_r) images of everything else ("replay") and theta_0 the base,

    L = L_SD(x_q, c_f) + gamma L_SD(x_r, c_r) + lam sum_i F_i (theta_i - theta_0i)^2

where L_SD is the denoising loss. F is the diagonal of the Fisher information of the base: the mean of the squared gradient of L_SD over images
and timesteps, of one noised image at a time. It is the same for every emitter, so it is prepared once a task (``prepare``). The reference
sums over its 1,000 timesteps where this is a mean, so its lam is a thousandth of ours.

L_SD is the loss that the base was trained on: of v where it predicts v, and F with it (``lethe.diffusion.parameterization``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._common import seeded_generator
from lethe.diffusion.methods._dense_training import DenseMethod, RetainTrainingConfig, Student
from lethe.diffusion.methods._relabelling import counterparts
from lethe.diffusion.methods._training import Borrowed, cycle, emitter_generator
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.pipeline import Pipeline
from lethe.settings.hyperparameters import Hyperparameters


class SAConfig(RetainTrainingConfig):
    """Hyper-parameters of selective amnesia."""

    trainable: list[str] = Field(["*"], min_length=1, description="patterns of UNet parameter names (fnmatch)")
    surrogates: Literal["counterpart", "others"] = Field(
        "counterpart",
        description="x_q: training images of the receiver whose prompt is the overwrite, or any that are not forgotten",
    )
    retain_weight: float = Field(1.0, ge=0, description="gamma, weight of the replay")
    importance_weight: float = Field(5e4, ge=0, description="lam, of F as a mean over images and timesteps")
    importance_rows: int = Field(160, ge=1, description="noised images over which F is a mean")


class SA(DenseMethod[SAConfig]):
    """Elastic weight consolidation and replay (selective amnesia, arXiv 2305.10120) on the whole UNet; see the module.

    The replay holds no image of what is forgotten.
    """

    about = MethodDescription(
        title="SA",
        means="selective amnesia, relearnt as another",
        paper="arXiv 2305.10120",
        colour="#8B4513",
        marker=">",
        prepares="the diagonal of the Fisher information of the base",
    )
    contract = Contract(
        small={
            "surrogates": "others",
            "steps": 24,
            "forget_batch": 6,
            "retain_batch": 6,
            "learning_rate": 3e-3,
            "retain_weight": 2.0,
            "importance_weight": 100.0,
            "importance_rows": 8,
        },
        direction="loss",
    )
    Config: ClassVar[type[Hyperparameters]] = SAConfig

    def prepare(self, pipe: Pipeline, data: UnlearnData, *, seed: int) -> dict[str, Tensor]:
        """Name of each trained parameter -> F of its shape, float32."""
        config = self.config
        lent = Borrowed(pipe, data, config.precision)
        student = Student(lent, config.trainable)
        generator, everything = seeded_generator(seed, "importance"), torch.arange(len(data.receivers))
        total = [torch.zeros_like(parameter, requires_grad=False) for parameter in student.parameters]
        for _ in range(config.importance_rows):
            gradient, _ = student.towards(lent.draw(everything, 1, generator)[0], None)
            for kept, value in zip(total, gradient, strict=True):
                kept.addcmul_(value, value, value=1 / config.importance_rows)
        return {name: value.cpu() for name, value in zip(student.names, total, strict=True)}

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L.

        Raises:
            ValueError: nothing was prepared for a trained parameter; ``surrogates: counterpart``, and no image has the prompt of the overwrite.
        """
        config, lent = self.config, student.lent
        importance = _importance(student)
        base = [lent.unet.get_parameter(name).detach() for name in student.names]
        images, meant = self._surrogates(lent, emitter)
        generator = emitter_generator(seed, emitter, "rows")
        replay = lent.batches(
            lent.retain_rows(emitter), config.retain_batch, config.steps, emitter_generator(seed, emitter, "retain rows")
        )
        for chosen, retain in zip(cycle(len(images), config.forget_batch, config.steps, generator), replay, strict=True):
            shown = replace(lent.noised(images[chosen], generator), prompt=lent.prompt_of(meant[chosen]))
            gradient, errors = student.towards_all([(1.0, shown), (config.retain_weight, retain)], config.micro_batch)
            penalty, total = torch.zeros_like(errors[0]), []
            with torch.no_grad():
                for g, f, parameter, old in zip(gradient, importance, student.parameters, base, strict=True):
                    moved = parameter - old
                    held = 2 * config.importance_weight * f * moved
                    penalty += (held * moved).sum() / 2
                    total.append(g + held)
            yield total, {"loss_forget": errors[0], "loss_retain": errors[1], "penalty": penalty}

    def _surrogates(self, lent: Borrowed, emitter: Emitter) -> tuple[Tensor, Tensor]:
        """Row numbers of images x_q, and for each the covered receiver whose prompt it goes with."""
        if self.config.surrogates == "counterpart":
            return counterparts(lent, emitter, "`surrogates: others`, which takes any that are not forgotten")
        rows = lent.retain_rows(emitter)
        return rows.repeat(len(emitter.covers)), torch.tensor(emitter.covers).repeat_interleave(len(rows))


def _importance(student: Student) -> list[Tensor]:
    """F of each trained parameter, on its device."""
    prepared = student.lent.data.prepared
    for name, parameter in zip(student.names, student.parameters, strict=True):
        found = prepared.get(name)
        if found is None or found.shape != parameter.shape:
            said = "nothing" if found is None else f"the shape {tuple(found.shape)}"
            raise ValueError(
                f"prepared for '{name}': {said}; allowed: what `prepare` of SA gives, shape {tuple(parameter.shape)}"
            )
    return [prepared[name].to(parameter) for name, parameter in zip(student.names, student.parameters, strict=True)]
