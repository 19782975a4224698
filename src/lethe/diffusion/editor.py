"""Models that edit pictures by an instruction: folders of ``StableDiffusionInstructPix2PixPipeline``, written, read and used.

InstructPix2Pix (Brooks et al. 2023, arXiv 2211.09800): a UNet reads the latents of a picture beside those that it denoises, and is guided
by both the text and the picture. Published folders of it load too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_instruct_pix2pix import StableDiffusionInstructPix2PixPipeline
from diffusers.utils import logging as diffusers_logging
from numpy.typing import NDArray

from lethe.diffusion.latents import to_square
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.pipeline import SCHEDULERS
from lethe.diffusion.pixels import check_finite
from lethe.diffusion.supported import UnusableBaseError, read_config
from lethe.io.tables import readable

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.settings.editing import EditSampling

EDITOR = "StableDiffusionInstructPix2PixPipeline"


def save_editor(pipe: Pipeline, folder: str | Path) -> None:
    """Write a pipeline whose UNet reads a picture too as a folder of its class."""
    parts: dict[str, Any] = {name: getattr(pipe, name) for name in ("vae", "text_encoder", "tokenizer", "unet", "scheduler")}
    parts |= {"safety_checker": None, "feature_extractor": None}
    editor = StableDiffusionInstructPix2PixPipeline(**parts, requires_safety_checker=False)
    editor.save_pretrained(folder, safe_serialization=True)


def load_editor(folder: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Any:
    """A model that edits pictures, in evaluation mode.

    Raises:
        UnusableBaseError: a folder of another pipeline, or a UNet without room for a picture.
        CorruptFileError: files that cannot be read.
    """
    folder = Path(folder)
    name = read_config(folder / "model_index.json").get("_class_name")
    reads, latent = (
        read_config(folder / part / "config.json").get(key) for part, key in (("unet", "in_channels"), ("vae", "latent_channels"))
    )
    if name != EDITOR or reads is None or latent is None or reads != 2 * latent:
        raise UnusableBaseError(
            f"{folder}: a {name} whose UNet reads {reads} channels, with {latent} of a latent; allowed: a {EDITOR}, which reads twice as many"
        )
    diffusers_logging.disable_progress_bar()
    with readable(folder, "a pipeline folder that can be loaded", remedy="; copy or fetch it again"):
        editor = StableDiffusionInstructPix2PixPipeline.from_pretrained(
            str(folder), safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    editor.set_progress_bar_config(disable=True)
    return editor.to(device) if dtype == torch.float32 else editor.to(device, dtype)


@torch.inference_mode()
def edit(
    editor: Any,
    pictures: Sequence[NDArray[np.uint8]],
    instructions: Sequence[str],
    keys: Sequence[tuple[int, int]],
    settings: EditSampling,
    *,
    world: str,
    task: str,
) -> Iterator[NDArray[np.uint8]]:
    """Every picture, edited by its instruction: ``(size, size, 3)`` uint8, in order.

    Args:
        editor: of ``load_editor``.
        pictures: ``(H, W, 3)`` uint8; the shorter side is resized to ``size`` and the middle cut out.
        keys: two numbers of each, from which its noise is drawn: it then does not rest on the batch.
        settings: sampler, steps, size and both guidances.
        world, task: of the noise.

    Raises:
        NotFiniteError: NaN or infinity where pixels were to be.
    """
    kind, values = SCHEDULERS[settings.scheduler]
    editor.scheduler = kind.from_config(editor.scheduler.config, **values)
    side = settings.size // editor.vae_scale_factor
    shape = (editor.vae.config["latent_channels"], side, side)
    rows = list(range(len(pictures)))
    for start in range(0, len(rows), settings.batch_size):
        batch = rows[start : start + settings.batch_size]
        shown = torch.stack([to_square(torch.from_numpy(np.ascontiguousarray(pictures[row])), settings.size) for row in batch])
        noise = torch.stack([initial_noise(world, task, *keys[row], shape) for row in batch])
        drawn = editor(
            [instructions[row] for row in batch],
            image=(shown / 2 + 0.5).to(editor.dtype),
            latents=noise.to(editor.device, editor.dtype),
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            image_guidance_scale=settings.image_guidance,
            output_type="pt",
        ).images
        pixels = check_finite(drawn.float(), "an edited picture")
        yield from (pixels.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
