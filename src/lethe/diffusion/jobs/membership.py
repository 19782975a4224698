"""Membership inference: losses of members and non-members, under the base and under unlearned models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lethe.core.device import resolve_device
from lethe.core.progress import progress
from lethe.core.records import ModelId
from lethe.diffusion.delta import NoneDelta, load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.latents import encode_images, read_latents, write_latents
from lethe.diffusion.metrics.membership import losses_of_models, questions
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.testbed.members import COLUMNS, asked_of, seen_and_unseen, shown_and_others
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.shards import ShardReader
from lethe.io.tables import read_jsonl, read_parquet, write_parquet
from lethe.settings.membership import Membership
from lethe.settings.tasks import Task


def losses_of_base(
    base: Path,
    metadata: Path,
    receivers: Path,
    tar: Path,
    index: Path,
    shown: Sequence[Path],
    latents: Path,
    losses: Path,
    settings: Task,
    membership: Membership,
    identity: dict[str, Any],
    size: int,
    batch_size: int,
    device: str,
    dtype: str,
) -> None:
    """Choose the members and non-members of a task, encode them with the VAE of its base, and take their losses under the base.

    Args:
        shown: the list of all training images, where members are the images that the methods were shown.
        identity: what captions and noise depend on, beside the image.
        batch_size: rows of one pass.
    """
    entities, shard = read_metadata(metadata), ShardReader(tar, index)
    if membership.members == "base":
        source = SOURCES.load(settings.source)(**settings.source_options.model_dump())
        candidates = seen_and_unseen(
            entities,
            shard,
            source.unseen,  # type: ignore[attr-defined]  # of sources that draw; the plan lets no other through
            membership.images,
            identity["seed"],
        )
    else:
        files = [record["file_name"] for forget in shown for record in read_jsonl(forget)]
        candidates = shown_and_others(entities, shard, files, membership.images, identity["seed"])
    rows = []

    def pixels() -> Iterator[Any]:
        """The pictures, one after the other; what they are is kept in `rows`."""
        for candidate in candidates:
            rows.append((candidate.entity, candidate.image, candidate.member))
            yield candidate.pixels

    pipe = load_pipeline(base, device=resolve_device(device))  # float32, as all latents of training images
    encoded = encode_images(pipe.vae, pixels(), size)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    pipe.unet.to(getattr(torch, dtype))
    pipe.text_encoder.to(getattr(torch, dtype))
    asked = questions(table, encoded, read_receivers(receivers), membership, **identity)
    (found,) = losses_of_models(pipe, asked, [NoneDelta()], [np.arange(len(table))], batch_size)
    write_latents(latents, encoded, torch.tensor(table["entity"].tolist()))
    write_parquet(losses, table.assign(loss=found))


def losses_of_batch(
    base: Path,
    receivers: Path,
    latents: Path,
    baseline: Path,
    deltas: list[Path],
    losses: list[Path],
    models: list[str],
    task: str,
    membership: Membership,
    identity: dict[str, Any],
    batch_size: int,
    device: str,
    dtype: str,
) -> None:
    """Take the losses under a batch of models, each on the images of its emitter and on some of other entities.

    Args:
        deltas, losses: one file per model.
        models: names of the models.
    """
    candidates, named = read_parquet(baseline)[list(COLUMNS)], read_receivers(receivers)
    asked = questions(candidates, read_latents(latents)[0], named, membership, **identity)
    pipe = load_pipeline(base, device=resolve_device(device), dtype=getattr(torch, dtype))
    loaded = [load_delta(delta, base=base_digest(base)) for delta in deltas]
    rows = [asked_of(candidates, ModelId.parse(name).index, membership.images) for name in models]
    found = losses_of_models(pipe, asked, loaded, rows, batch_size)
    for number, values in enumerate(progress(found, len(models), "model", f"membership {task}")):
        write_parquet(losses[number], candidates.iloc[rows[number]].assign(loss=values))
