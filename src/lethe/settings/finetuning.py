"""How a base is fine-tuned on the images of tasks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from lethe.settings.generation import Size
from lethe.settings.pretraining import OptimizerSettings
from lethe.settings.strict import Strict, check_distinct

Trainable = Literal["unet", "text_encoder"]


class FinetuningOptimizer(OptimizerSettings):
    """The same optimizer with values of its own for what has no other default."""

    steps: int = Field(600, gt=0, le=100_000_000, description="optimizer steps")
    batch_size: int = Field(64, gt=0, le=100_000, description="images per step")
    learning_rate: float = Field(1e-3, gt=0, le=100, description="peak learning rate")


class Finetuning(Strict):
    """Training of a base that exists; the noise schedule is its own."""

    trained: list[Trainable] = Field(default=["unet"], min_length=1, description="components that are trained; all others stay")
    optimizer: FinetuningOptimizer = Field(default_factory=FinetuningOptimizer, description="how its weights are changed")
    constant: bool = Field(False, description="a constant learning rate after the warm-up, as published; else it falls to zero")
    micro_batch: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="images per pass, where a batch does not fit into memory; null: all"
    )
    size: Size | None = Field(None, description="height and width in pixels; null: that of the tasks' `generation`")
    flip: bool = Field(False, description="mirrored images too")
    caption_dropout: float = Field(0.1, ge=0, le=1, description="share of empty captions; not of a model that edits")
    min_snr_gamma: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        5.0, description="Hang et al. 2023, arXiv 2303.09556; null: all steps alike, as published"
    )
    ema_decay: float = Field(0.998, ge=0, lt=1, description="of the average of weights that is kept")

    @field_validator("trained")
    @classmethod
    def _each_once(cls, value: list[Trainable]) -> list[Trainable]:
        check_distinct(value)
        return value
