"""What the explorer shows of a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lethe.benchmarks.icare.explorer.task import write_task
from lethe.benchmarks.icare.pair_rows import read_pairs_of
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import read_json, read_parquet


def write(
    tars: list[Path],
    indices: list[Path],
    pairs: Path,
    images: list[Path],
    baseline: Path,
    metadata: Path,
    similarities: list[Path],
    noise_floor: Path,
    overview: Path,
    folder: Path,
    task: str,
    kinds: list[str],
    methods: list[str],
    models: list[str],
    thumbnail: int,
    receivers: str,
    device: str = "cpu",
    verdicts: Sequence[Path] = (),
    decoder: Sequence[Path] = (),
) -> None:
    """Write the tables of a task, the numbers of every image and thumbnails.

    Args:
        images: rows of single images, a file per method.
        tars, indices: a shard of the base, then one per model.
        similarities: one file per kind.
        overview: what the page shows first.
        models: names of the models.
        thumbnail: largest side of a picture in pixels.
        receivers: which the models were asked for.
        device: where latents are decoded.
        verdicts: the table of verdicts, where tables are computed here.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    tables = {"pairs": read_pairs_of([pairs]), "baseline": read_parquet(baseline)}
    if verdicts:
        tables["verdicts"] = pd.read_csv(verdicts[0], usecols=["method", "emitter", "receiver", "verdict"])
    alike = {kind: read_json(file) for kind, file in zip(kinds, similarities, strict=True)}
    shards = dict(zip(["baseline", *models], zip(tars, indices, strict=True), strict=True))
    texts = (alike, read_json(noise_floor), read_json(overview))
    reads = decoder_of(decoder, device)
    write_task(folder, task, tables, images, read_metadata(metadata), *texts, methods, shards, thumbnail, receivers, reads)
