"""Choose the members and non-members of a task, encode them with the VAE of its base, and take their losses under the base."""

from lethe.runtime import resolve_device, start_job

import numpy as np
import pandas as pd
import torch

from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.latents import encode_images, write_latents
from lethe.diffusion.pipeline import load_pipeline
from lethe.io.shards import ShardReader
from lethe.io.tables import read_jsonl, write_parquet
from lethe.metrics.membership import losses_of_models, questions
from lethe.settings.membership import Membership
from lethe.settings.tasks import Task
from lethe.sources import SOURCES
from lethe.testbed.members import COLUMNS, seen_and_unseen, shown_and_others
from lethe.testbed.schema import read_metadata

params, given = snakemake.params, snakemake.input
start_job(snakemake, f"membership {snakemake.wildcards.task} base")
task, membership = Task.model_validate(params.task), Membership.model_validate(params.membership)
metadata, shard = read_metadata(given.metadata), ShardReader(given.tar, given.index)
if membership.members == "base":
    source = SOURCES.load(task.source)(**task.source_options.model_dump())
    candidates = seen_and_unseen(metadata, shard, source.unseen, membership.images, params.identity["seed"])
else:
    shown = [record["file_name"] for forget in given.shown for record in read_jsonl(forget)]
    candidates = shown_and_others(metadata, shard, shown, membership.images, params.identity["seed"])
rows = []


def pixels():
    """The pictures, one after the other; what they are is kept in `rows`."""
    for candidate in candidates:
        rows.append((candidate.entity, candidate.image, candidate.member))
        yield candidate.pixels


pipe = load_pipeline(given.base, device=resolve_device(params.device))  # float32, as all latents of training images
latents = encode_images(pipe.vae, pixels(), params.size)
table = pd.DataFrame(rows, columns=list(COLUMNS))
pipe.unet.to(getattr(torch, params.dtype))
pipe.text_encoder.to(getattr(torch, params.dtype))
asked = questions(table, latents, metadata, membership, style=task.prompt_style, **params.identity)
(losses,) = losses_of_models(pipe, asked, [NoneDelta()], [np.arange(len(table))], params.batch_size)
write_latents(snakemake.output.latents, latents, torch.tensor(table["entity"].tolist()))
write_parquet(snakemake.output.losses, table.assign(loss=losses))
