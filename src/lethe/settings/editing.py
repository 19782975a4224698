"""Models that edit pictures by an instruction: how they learn it, and how edited pictures are drawn."""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import Field, field_validator

from lethe.settings.generation import BatchSize, Scheduler, Size, Steps
from lethe.settings.rules import Column
from lethe.settings.strict import Strict


class Editing(Strict):
    """Training pairs of InstructPix2Pix (Brooks et al. 2023): a picture, an instruction, and the picture that it asks for."""

    attribute: Column = Field("style", description="what an instruction changes")
    of: str = Field(description="the value of the attribute in pictures that are edited")
    instruction: str = Field("Transform the image to {} style.", description="what is asked for, the new value in braces")
    condition_dropout: float = Field(
        0.05, ge=0, le=1 / 3, description="share of rows without instruction, without picture, and without both: so much each"
    )

    @field_validator("instruction")
    @classmethod
    def _one_place(cls, value: str) -> str:
        try:
            places = [name for _, name, _, _ in Formatter().parse(value) if name is not None]
        except ValueError as error:
            raise ValueError(f"'{value}' is no template: {error}; allowed: text with {{}} in it") from None
        if places != [""]:
            raise ValueError(f"'{value}'; allowed: text with {{}} once, where the new value stands")
        return value

    def asked(self, value: str) -> str:
        """The instruction to make a picture of this value.

        >>> Editing(of="photo").asked("mosaic")
        'Transform the image to mosaic style.'
        """
        return self.instruction.format(value.replace("_", " "))


class EditSampling(Strict):
    """How edited pictures are drawn, guided by the instruction and by the picture (Brooks et al. 2023, eq. 3)."""

    scheduler: Scheduler = Field("ddim", description="sampler")
    steps: Steps = Field(20, description="denoising steps")
    guidance: Annotated[float, Field(gt=1.0, le=100.0)] = Field(2.0, description="guidance scale of the instruction")
    image_guidance: Annotated[float, Field(ge=1.0, le=100.0)] = Field(1.5, description="guidance scale of the picture")
    size: Size = Field(32, description="height and width in pixels")
    batch_size: BatchSize = Field(40, description="pictures per batch; changes speed, not pictures")
    pictures: Annotated[int, Field(ge=1, le=10_000)] = Field(5, description="held-out pictures of every object that are edited")
