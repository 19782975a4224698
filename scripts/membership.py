"""Losses of members and non-members under some unlearned models of a task."""

from lethe.runtime import progress, resolve_device, start_job

from pathlib import Path

import torch

from lethe.diffusion.delta import load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.latents import read_latents
from lethe.diffusion.pipeline import load_pipeline
from lethe.io.tables import read_parquet, write_parquet
from lethe.metrics.membership import losses_of_models, questions
from lethe.records import ModelId
from lethe.settings.membership import Membership
from lethe.settings.tasks import Task
from lethe.testbed.members import COLUMNS, asked_of
from lethe.testbed.schema import read_metadata

params, given, files = snakemake.params, snakemake.input, snakemake.output.losses
start_job(snakemake, f"membership {' '.join(snakemake.wildcards)}")
membership, style = Membership.model_validate(params.membership), Task.model_validate(params.task).prompt_style
candidates, metadata = read_parquet(given.baseline)[list(COLUMNS)], read_metadata(given.metadata)
asked = questions(candidates, read_latents(given.latents)[0], metadata, membership, style=style, **params.identity)
pipe = load_pipeline(given.base, device=resolve_device(params.device), dtype=getattr(torch, params.dtype))
deltas = [load_delta(delta, base=base_digest(given.base)) for delta in given.deltas]
rows = [asked_of(candidates, ModelId.parse(Path(file).stem).index, membership.images) for file in files]
losses = losses_of_models(pipe, asked, deltas, rows, params.batch_size)
for number, found in enumerate(progress(losses, len(files), "model", f"membership {snakemake.wildcards.task}")):
    write_parquet(files[number], candidates.iloc[rows[number]].assign(loss=found))
