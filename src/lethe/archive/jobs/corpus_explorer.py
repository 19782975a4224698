"""The explorer of published pairs."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.explorer.pairs_only import write_pairs_only
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.rows import read_rows
from lethe.io.tables import read_json


def write(
    pairs: Path,
    metadata: Path,
    similarities: list[Path],
    noise_floor: Path,
    overview: Path,
    folder: Path,
    task: str,
    kinds: list[str],
    methods: list[str],
    runs: list[str],
    seeds: list[int],
    thumbnail: int,
    tars: list[Path] | None = None,
    indices: list[Path] | None = None,
) -> None:
    """Write the tables of a task, and thumbnails where there are pictures.

    Args:
        similarities: one file per kind.
        overview: what the page shows first.
        runs: names of those with pictures, in the order of ``tars`` and ``indices``; the base comes first.
        seeds: of the pictures.
        thumbnail: largest side of a picture in pixels.
    """
    alike = {kind: read_json(file) for kind, file in zip(kinds, similarities, strict=True)}
    names = [run.removeprefix(f"{task}_") if run.endswith("_baseline") else run for run in runs]
    shards = dict(zip(names, zip(tars or [], indices or [], strict=True), strict=True))
    tables = (read_rows([pairs]), read_metadata(metadata), alike, read_json(noise_floor), read_json(overview))
    write_pairs_only(folder, task, *tables, methods, shards, seeds, thumbnail)
