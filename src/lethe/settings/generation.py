"""How images are sampled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lethe.settings.strict import Strict

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Scheduler = Literal["ddim", "pndm", "dpmsolver++"]
Steps = Annotated[int, Field(ge=1, le=1000)]
Guidance = Annotated[float, Field(ge=1.0, le=100.0)]
Size = Annotated[int, Field(ge=32, le=4096, multiple_of=8)]
BatchSize = Annotated[int, Field(ge=1, le=10_000)]
Seeds = Annotated[list[Seed], Field(min_length=2)]


class Generation(Strict):
    """How images are sampled."""

    scheduler: Scheduler = Field("dpmsolver++", description="sampler")
    steps: Steps = Field(8, description="denoising steps")
    guidance: Guidance = Field(3.0, description="classifier-free guidance scale")
    size: Size = Field(32, description="height and width in pixels")
    batch_size: BatchSize = Field(40, description="images per batch; changes speed, not pictures")
    seeds: Seeds = Field(default=list(range(42, 54)), description="one image per prompt and seed")
    compile: bool = Field(False, description="compile the UNet (torch.compile): for a GPU, where a job draws many batches")


class OwnGeneration(Strict):
    """What one task samples in another way; null: as ``generation`` of the world."""

    scheduler: Scheduler | None = None
    steps: Steps | None = None
    guidance: Guidance | None = None
    size: Size | None = None
    batch_size: BatchSize | None = None
    seeds: Seeds | None = None
    compile: bool | None = None

    def over(self, world: Generation) -> Generation:
        """The sampling of the task."""
        return world.model_copy(update=self.model_dump(exclude_none=True))
