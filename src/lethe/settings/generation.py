"""How images are sampled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lethe.settings.strict import Strict

Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Generation(Strict):
    """How images are sampled."""

    scheduler: Literal["ddim", "pndm", "dpmsolver++"] = Field("dpmsolver++", description="sampler")
    steps: int = Field(8, ge=1, le=1000, description="denoising steps")
    guidance: float = Field(3.0, ge=1.0, le=100.0, description="classifier-free guidance scale")
    size: int = Field(32, ge=32, le=4096, multiple_of=8, description="height and width in pixels")
    batch_size: int = Field(40, ge=1, le=10_000, description="images per batch; changes speed, not pictures")
    seeds: list[Seed] = Field(default=list(range(42, 54)), min_length=2, description="one image per prompt and seed")
    compile: bool = Field(False, description="compile the UNet (torch.compile): for a GPU, where a job draws many batches")
