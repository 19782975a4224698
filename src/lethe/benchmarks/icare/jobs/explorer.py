"""What the explorer shows: rows of the matrix with their pictures, and what a task shows first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lethe.benchmarks.icare.explorer.rows import write_row
from lethe.benchmarks.icare.explorer.task import write_task
from lethe.core.records import ModelId
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.rows import read_rows
from lethe.io.tables import read_json, read_parquet


def write_base(
    tars: list[Path],
    indices: list[Path],
    baseline: Path,
    metadata: Path,
    folder: Path,
    seeds: list[int],
    thumbnail: int,
    device: str = "cpu",
    decoder: Sequence[Path] = (),
) -> None:
    """Write the row of the base.

    Args:
        tars, indices: its shard; none where its pictures are not there.
        baseline: the scores of its images. seeds: of the images that models are compared with.
        thumbnail: largest side of a picture in pixels. device: where latents are decoded.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    reads = decoder_of(decoder, device)
    shard = (tars[0], indices[0]) if tars else None
    write_row(folder, read_parquet(baseline), None, shard, len(read_metadata(metadata)), seeds, thumbnail, decoder=reads)


def write_rows(
    tars: list[Path],
    indices: list[Path],
    pairs: Path,
    images: list[Path],
    metadata: Path,
    folders: list[Path],
    models: list[str],
    pictured: list[str],
    seeds: list[int],
    thumbnail: int,
    receivers: str,
    device: str = "cpu",
    decoder: Sequence[Path] = (),
) -> None:
    """Write the rows of some models, one after another.

    Args:
        tars, indices: a shard per model of ``pictured``.
        pairs: of the task. images: rows of single images of the method; none where only pairs are known.
        folders: one per model.
        models: their names. pictured: of those whose pictures are there.
        seeds: of the images. thumbnail: largest side of a picture in pixels. receivers: which the models were asked for.
        device: where latents are decoded. decoder: the base whose VAE makes pictures of them, where these are kept.

    Raises:
        ValueError: there are no numbers of a model.
    """
    shards = dict(zip(pictured, zip(tars, indices, strict=True), strict=True))
    size, reads = len(read_metadata(metadata)), decoder_of(decoder, device)
    for name, folder in zip(models, folders, strict=True):
        model = ModelId.parse(name)
        own = [("method", "==", model.method), ("epochs", "==", model.epochs), ("emitter", "==", model.index)]
        known = read_rows([pairs], columns=["receiver", "metric", "value"], filters=own)
        numbers = _numbers(images, own)
        if known.empty or (images and numbers.empty):
            raise ValueError(f"explorer: {pairs if known.empty else images[0]} has no numbers of '{name}'")
        write_row(folder, numbers, known, shards.get(name), size, seeds, thumbnail, receivers, reads)


def write(
    rows: list[Path],
    pairs: Path,
    metadata: Path,
    similarities: list[Path],
    noise_floor: Path,
    overview: Path,
    outputs: list[Path],
    kinds: list[str],
    methods: list[str],
    seeds: list[int],
    receivers: str,
    verdicts: Sequence[Path] = (),
) -> None:
    """Write what the page shows of a task before a row is opened.

    Args:
        rows: of the base and of every model.
        similarities: one file per kind.
        overview: what the page shows first. outputs: the same as a script, data and matrices, in the folder of the task.
        seeds: of the images. receivers: which the models were asked for.
        verdicts: the table of verdicts, where tables are computed here.
    """
    table = None
    if verdicts:
        columns = ["method", "emitter", "receiver", "verdict"]
        table = pd.read_csv(verdicts[0], usecols=columns, dtype={"method": "category", "verdict": "category"})
    write_task(
        outputs[0].parent,
        pairs,
        read_metadata(metadata),
        dict(zip(kinds, similarities, strict=True)),
        read_json(noise_floor),
        read_json(overview),
        methods,
        seeds,
        receivers,
        table,
        rows,
    )


def _numbers(images: Sequence[Path], own: Sequence[tuple[str, str, object]]) -> pd.DataFrame:
    """The numbers of a model's images: ``receiver, seed`` and a column per metric."""
    if not images:
        return pd.DataFrame({"receiver": pd.Series(dtype=int), "seed": pd.Series(dtype=int)})
    rows = read_rows(images, columns=["receiver", "seed", "metric", "value"], filters=own)
    return rows.astype({"metric": str}).pivot(index=["receiver", "seed"], columns="metric", values="value").reset_index()
