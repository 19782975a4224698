"""VAE latents of training images: encoded once per task, shared by every method and emitter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.diffusion.pixels import check_finite
from lethe.io.tensors import read_tensors, write_tensors

if TYPE_CHECKING:
    from diffusers.models import AutoencoderKL

ENCODE_PIXELS = 8 * 512 * 512  # pixels encoded at once: at 512 px the VAE needs over 1 GB per image in float32


@torch.inference_mode()
def encode_images(vae: AutoencoderKL, images: Iterable[NDArray[np.uint8]], size: int, batch_size: int = 32) -> torch.Tensor:
    """Mean latents times the VAE's scaling factor.

    Args:
        vae: of the base.
        images: ``(H, W, 3)`` uint8; each is resized (bilinear, shorter side) and centre-cropped to ``size``. The published training crops
            at random; a fixed crop is what lets latents be cached.
        size: height and width in pixels.
        batch_size: images per forward pass, at most; large images are fewer, see ``ENCODE_PIXELS``.

    Returns:
        ``(n, c, h, w)`` float32 on the CPU.

    Raises:
        NotFiniteError: if the VAE encodes an image to NaN or infinity.

    Examples:
        >>> from lethe.diffusion.pipeline import load_pipeline
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> encode_images(pipe.vae, [np.zeros((40, 60, 3), np.uint8)], size=32).shape
        torch.Size([1, 4, 8, 8])
    """
    batch_size = max(1, min(batch_size, ENCODE_PIXELS // size**2))
    batches: list[torch.Tensor] = []
    waiting: list[torch.Tensor] = []

    def encode() -> None:
        pixels = torch.stack(waiting).to(vae.device, vae.dtype).contiguous(memory_format=torch.channels_last)
        batches.append((vae.encode(pixels).latent_dist.mean * vae.config["scaling_factor"]).float().cpu())
        waiting.clear()

    for image in images:
        waiting.append(to_square(torch.from_numpy(np.ascontiguousarray(image)), size))
        if len(waiting) == batch_size:
            encode()
    if waiting:
        encode()
    return check_finite(torch.cat(batches), "the VAE's latent of image")


def to_square(image: torch.Tensor, size: int) -> torch.Tensor:
    """``(H, W, 3)`` uint8 as ``(3, size, size)`` float32 in [-1, 1]: shorter side resized (bilinear), centre cropped.

    Examples:
        >>> to_square(torch.zeros(40, 60, 3, dtype=torch.uint8), size=32).shape
        torch.Size([3, 32, 32])
    """
    pixels = image.permute(2, 0, 1)[None].float() / 127.5 - 1
    height, width = pixels.shape[2:]
    scale = size / min(height, width)
    if scale != 1:
        shape = (max(size, round(height * scale)), max(size, round(width * scale)))
        pixels = torch.nn.functional.interpolate(pixels, shape, mode="bilinear", antialias=True, align_corners=False)
    top, left = (pixels.shape[2] - size) // 2, (pixels.shape[3] - size) // 2
    return pixels[0, :, top : top + size, left : left + size]


def write_latents(path: str | Path, latents: torch.Tensor, entities: torch.Tensor) -> None:
    """Write latents ``(n, c, h, w)`` and the entity index of each ``(n,)``.

    Examples:
        >>> write_latents("latents.safetensors", torch.zeros(2, 4, 8, 8), torch.tensor([0, 1]))
        >>> read_latents("latents.safetensors")[1]
        tensor([0, 1])
    """
    write_tensors(path, {"latents": latents, "entities": entities}, {"format": "lethe-latents", "version": "1"})


def read_latents(path: str | Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The inverse of ``write_latents``; another file is a ``CorruptFileError``.

    Examples:
        >>> write_latents("latents.safetensors", torch.zeros(2, 4, 8, 8), torch.tensor([0, 1]))
        >>> latents, entities = read_latents("latents.safetensors")
        >>> latents.shape, entities
        (torch.Size([2, 4, 8, 8]), tensor([0, 1]))
    """
    tensors, _ = read_tensors(path, "lethe-latents")
    return tensors["latents"], tensors["entities"]
