"""What lies beside the page for a task of which pairs are known and single images are not, or only as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.icare.explorer.data import script, seed_data, task_data
from lethe.benchmarks.icare.explorer.sprites import write_sprite
from lethe.core.records import ModelId
from lethe.io.atomic import atomic_path, write_text
from lethe.io.shards import ShardReader


def write_pairs_only(
    folder: str | Path,
    task: str,
    pairs: pd.DataFrame,
    metadata: Sequence[Mapping[str, Any]],
    similarities: Mapping[str, Sequence[Mapping[str, Any]]],
    noise_floor: Mapping[str, Mapping[str, Any]],
    overview: Mapping[str, Any],
    methods: Sequence[str],
    shards: Mapping[str, tuple[str | Path, str | Path]],
    seeds: Sequence[int],
    thumbnail: int,
) -> None:
    """Write the data of a task as a folder, all or nothing: as ``write_task``, without a number of any single image.

    ``pictures`` of ``data.js`` names the runs that have pictures (``runs``), and is null where none has.

    Args:
        folder, task, pairs, metadata, similarities, noise_floor, overview, methods: see ``write_task``; a floor without ends is left out.
        shards: ``baseline`` and runs with pictures -> tar and index.
        seeds: of the images.
        thumbnail: largest side of a picture in pixels.
    """
    floor = {name: values for name, values in noise_floor.items() if values["low"] is not None}
    content = task_data(pairs, metadata, similarities, floor, methods)
    keys = pairs[["method", "epochs", "emitter"]].drop_duplicates().itertuples(index=False)
    runs = [ModelId(task, int(emitter), str(method), int(epochs)).name for method, epochs, emitter in keys]
    empty = pd.DataFrame([(0, seed) for seed in seeds], columns=["receiver", "seed"])
    with atomic_path(folder) as part:
        content |= {"seeds": list(seeds), "pictures": None, "asked": ""}
        for run in ["baseline", *runs]:
            write_text(part / "numbers" / f"{run}.js", script("numbers", f"{task}/{run}", seed_data(empty, len(metadata))))
        for run in sorted(shards):
            with ShardReader(*shards[run]) as shard:
                size = write_sprite(part / "images" / f"{run}.webp", shard, len(metadata), seeds, thumbnail)
            content["pictures"] = {**size, "runs": sorted(shards)}
        write_text(part / "overview.js", script("overview", task, overview))
        write_text(part / "data.js", script("task", task, content))
