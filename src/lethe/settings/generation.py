"""How images are sampled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from lethe.settings.strict import Strict

SPM_NEGATIVE = (
    "bad anatomy,watermark,extra digit,signature,worst quality,jpeg artifacts,normal quality,low quality,long neck,lowres,error,blurry,"
    "missing fingers,fewer digits,missing arms,text,cropped,Humpbacked,bad hands,username"
)

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Scheduler = Literal["ddim", "pndm", "dpmsolver++", "lms"]
Steps = Annotated[int, Field(ge=1, le=1000)]
Guidance = Annotated[float, Field(ge=1.0, le=100.0)]
Size = Annotated[int, Field(ge=32, le=4096, multiple_of=8)]
BatchSize = Annotated[int, Field(ge=1, le=10_000)]
KeepImages = Literal["png", "latents"]
Seeds = Annotated[list[Seed], Field(min_length=2)]


class Generation(Strict):
    """How images are sampled."""

    scheduler: Scheduler = Field("dpmsolver++", description="sampler")
    steps: Steps = Field(8, description="denoising steps")
    guidance: Guidance = Field(3.0, description="classifier-free guidance scale")
    size: Size = Field(32, description="height and width in pixels")
    batch_size: BatchSize = Field(40, description="images per batch; changes speed, not pictures")
    seeds: Seeds = Field(default=list(range(42, 54)), description="one image per prompt and seed")
    noise: Literal["image", "seed"] = Field(
        "image", description="what has initial noise of its own: every image; or a seed, so that all prompts begin with the same"
    )
    negative_prompt: str = Field("", description="what guidance leads away from; empty: the unconditional prompt")
    compile: bool = Field(False, description="compile the UNet (torch.compile): for a GPU, where a job draws many batches")
    compile_decoder: bool = Field(
        False,
        description="compile the VAE's decoder, too: for a GPU; last bits of pictures differ from those of the decoder as it is",
    )


Published = Literal["uce_published", "spm_published", "seot_published"]
PUBLISHED: dict[Published, dict[str, Any]] = {
    "uce_published": {"scheduler": "lms", "steps": 100, "guidance": 9.0, "noise": "seed"},
    "spm_published": {"scheduler": "pndm", "steps": 100, "guidance": 7.5, "noise": "seed", "negative_prompt": SPM_NEGATIVE},
    "seot_published": {"scheduler": "ddim", "steps": 50, "guidance": 9.0},
}
"""How the samplers that UnlearnCanvas publishes with a method differ from the others, which all take 100 DDIM steps at guidance 9.

Source: OPTML-Group/UnlearnCanvas, machine_unlearning/evaluation/sampling_unlearned_models. FMN's sampler takes the sampler of the pipeline's folder.
"""


def _own(key: str) -> Any:
    """The same key of one task: it means what it means in ``Generation``, and null is the world's."""
    return Field(None, description=f"{Generation.model_fields[key].description}; null: as `generation.{key}`")


class OwnGeneration(Strict):
    """What one task samples in another way; null: as ``generation`` of the world."""

    like: Published | None = Field(None, description="a published sampler by name; keys beside it win")
    scheduler: Scheduler | None = _own("scheduler")
    steps: Steps | None = _own("steps")
    guidance: Guidance | None = _own("guidance")
    size: Size | None = _own("size")
    batch_size: BatchSize | None = _own("batch_size")
    seeds: Seeds | None = _own("seeds")
    noise: Literal["image", "seed"] | None = _own("noise")
    negative_prompt: str | None = _own("negative_prompt")
    compile: bool | None = _own("compile")
    compile_decoder: bool | None = _own("compile_decoder")

    def over(self, world: Generation) -> Generation:
        """The sampling of the task."""
        own = self.model_dump(exclude_none=True, exclude={"like"})
        return world.model_copy(update={**(PUBLISHED[self.like] if self.like else {}), **own})
