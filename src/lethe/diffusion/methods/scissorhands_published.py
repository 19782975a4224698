"""Scissorhands as released with UnlearnCanvas, faults included, to be reported beside ``scissorhands``.

It differs from ``scissorhands`` in this:

1. The quantile is taken over the whole UNet and the weights beyond it are reset in cross-attention only, so the share of cross-attention
   that is reset is whatever falls there.
2. The projection is off by default.
3. The first rows are shown at every step, and the label of a forget row is the caption of the retain row at its place
   (``relabelled_as_released``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import model_validator
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import Student
from lethe.diffusion.methods._relabelling import Relabelled, equal_batches, relabelled_as_released
from lethe.diffusion.methods._training import Borrowed
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.scissorhands import ResetConfig, Scissorhands


class ScissorhandsPublishedConfig(ResetConfig):
    """Hyper-parameters of the released Scissorhands."""

    @model_validator(mode="after")
    def _equal_batches(self) -> ScissorhandsPublishedConfig:
        equal_batches(self)
        return self


class ScissorhandsPublished(Scissorhands):
    """Scissorhands (arXiv 2401.06187) as its code for UnlearnCanvas runs; see the module."""

    about = MethodDescription(title="Scissorhands (published)", paper="arXiv 2401.06187", published_of="scissorhands")
    contract = Contract(
        small={"steps": 5, "forget_batch": 4, "retain_batch": 4, "learning_rate": 2e-3}, direction="change"
    )  # reported as it is, not as it should be
    Config = ScissorhandsPublishedConfig

    def ranked(self, student: Student) -> list[str]:
        """All that is trained."""
        return student.names

    def batches(self, lent: Borrowed, emitter: Emitter, seed: int) -> Iterator[Relabelled]:
        """The first rows at every step."""
        return relabelled_as_released(lent, emitter, self.config, self.config.steps, seed)

    def memory(self, student: Student, emitter: Emitter, seed: int) -> dict[str, Tensor]:
        """None is kept."""
        return {}

    def projected(
        self, step: int, gradient: dict[str, Tensor], memory: Mapping[str, Tensor]
    ) -> tuple[list[Tensor], Tensor | float]:
        """The gradient as it is."""
        return list(gradient.values()), 0.0
