"""EraseDiff as released with UnlearnCanvas, faults included, to be reported beside ``erasediff``.

It differs from ``erasediff`` in this:

1. The weights of the round's begin are restored after *each* of the K loops inside, each of which is followed by a loop outside. So all
   loops outside but the last one of a round are thrown away.
2. One optimiser takes the steps inside and outside, and is never restored: its moments hold what was thrown away.
3. The first rows are shown at every step, and the label of a forget row is the caption of the retain row at its place
   (``relabelled_as_released``).

A gradient norm is clipped only if it is configured so. ``steps`` are all steps, also those that are thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import Student
from lethe.diffusion.methods._relabelling import equal_batches, relabelled_as_released
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.erasediff import EraseDiff, RoundsConfig, copies, put_back


class EraseDiffPublishedConfig(RoundsConfig):
    """Hyper-parameters of the released EraseDiff."""

    steps: int = Field(120, ge=1, description="optimiser steps, inside and outside, those that are thrown away too")
    inner_loops: int = Field(2, ge=1, description="K, loops inside a round, each followed by one outside")

    def steps_per_round(self) -> int:
        """All of them."""
        return 2 * self.inner_loops * self.loop_steps

    @model_validator(mode="after")
    def _equal_batches(self) -> EraseDiffPublishedConfig:
        equal_batches(self)
        return self


class EraseDiffPublished(EraseDiff):
    """EraseDiff (arXiv 2401.05779) as its code for UnlearnCanvas runs; see the module."""

    about = MethodDescription(title="EraseDiff (published)", paper="arXiv 2401.05779", published_of="erasediff")
    contract = Contract(
        small={
            "steps": 8,
            "loop_steps": 2,
            "inner_loops": 2,
            "forget_batch": 4,
            "retain_batch": 4,
            "learning_rate": 5e-3,
        },
        direction="change",
    )  # reported as it is, not as it should be
    Config = EraseDiffPublishedConfig

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """What the one optimiser gets: gradients of L_f in loops inside, of L_r + alpha L_f in those outside."""
        config = self.config
        batches = relabelled_as_released(student.lent, emitter, config, config.steps, seed)
        for _ in range(config.steps // config.steps_per_round()):
            kept = copies(student.parameters)
            for _ in range(config.inner_loops):
                for _ in range(config.loop_steps):
                    gradient, loss = self.inside(student, next(batches))
                    yield gradient, {"loss_forget": loss}
                put_back(student.parameters, kept)
                for _ in range(config.loop_steps):
                    gradient, errors = self.outside(student, next(batches))
                    yield gradient, {"loss_forget": errors[0]}
