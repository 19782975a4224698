"""Training images as latents, shared by every method and emitter."""

from __future__ import annotations

from pathlib import Path

import torch

from lethe.core.device import resolve_device
from lethe.diffusion.latents import encode_images, write_latents
from lethe.diffusion.pipeline import load_pipeline
from lethe.io.shards import ShardReader
from lethe.io.tables import read_jsonl


def encode_task(base: Path, tar: Path, index: Path, training: Path, latents: Path, device: str, size: int) -> None:
    """Encode the training images of a task with the VAE of its base.

    Args:
        training: the list of all training images.
        size: of an image in pixels.
    """
    vae = load_pipeline(base, device=resolve_device(device)).vae
    records = read_jsonl(training)
    shard = ShardReader(tar, index)
    encoded = encode_images(vae, (shard.read(record["file_name"]) for record in records), size)
    write_latents(latents, encoded, torch.tensor([record["index"] for record in records]))
