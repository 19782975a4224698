"""Encode the training images of a task with the VAE of its base."""

from lethe.runtime import resolve_device, start_job

import torch

from lethe.diffusion.latents import encode_images, write_latents
from lethe.diffusion.pipeline import load_pipeline
from lethe.io.shards import ShardReader
from lethe.io.tables import read_jsonl

start_job(snakemake, f"latents {snakemake.wildcards.task}")
vae = load_pipeline(snakemake.input.base, device=resolve_device(snakemake.params.device)).vae
records = [record for forget in snakemake.input.forget for record in read_jsonl(forget)]
shard = ShardReader(snakemake.input.tar, snakemake.input.index)
latents = encode_images(vae, (shard.read(record["file_name"]) for record in records), snakemake.params.size)
write_latents(snakemake.output.latents, latents, torch.tensor([record["index"] for record in records]))
