"""Latents of the pictures that an audit was given; without pictures an empty set, which methods that need words alone do not look at."""

from __future__ import annotations

from pathlib import Path

import torch

from lethe.core.device import resolve_device
from lethe.diffusion.latents import encode_images, write_latents
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.sources.prompts import Prompts
from lethe.diffusion.supported import read_config
from lethe.diffusion.testbed.receivers import read_receivers


def encode(base: Path, receivers: Path, latents: Path, device: str, size: int, limit: int, images: list[Path]) -> None:
    """Encode the pictures of every concept that has some.

    Args:
        base: the model's folder. size: of a picture in pixels. limit: pictures of a concept, at most.
        images: the folder of pictures {concept}/*.png; none: no concept has any.
    """
    asked = read_receivers(receivers)
    source = Prompts([receiver.name for receiver in asked], images[0] if images else "")
    shown = [(receiver.index, picture) for receiver in asked for picture in list(source.images(receiver.name))[:limit]]
    if not shown:
        config = read_config(base / "vae/config.json")
        side = size // 2 ** (len(config["block_out_channels"]) - 1)
        write_latents(latents, torch.zeros(0, config["latent_channels"], side, side), torch.zeros(0, dtype=torch.int64))
        return
    vae = load_pipeline(base, device=resolve_device(device)).vae
    encoded = encode_images(vae, (picture.pixels for _, picture in shown), size)
    write_latents(latents, encoded, torch.tensor([index for index, _ in shown]))
