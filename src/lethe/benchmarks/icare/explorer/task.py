"""What lies beside the page for one task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.icare.explorer.data import script, seed_data, task_data
from lethe.benchmarks.icare.explorer.sprites import write_sprite
from lethe.core.records import ModelId
from lethe.io.atomic import atomic_path, write_text
from lethe.io.rows import distinct_rows, read_rows
from lethe.io.shards import Decoder, ShardReader
from lethe.settings.receivers import ALL

KEYS = ["method", "epochs", "emitter"]  # of a run


def write_task(
    folder: str | Path,
    task: str,
    tables: Mapping[str, pd.DataFrame],
    images: Iterable[str | Path],
    metadata: Sequence[Mapping[str, Any]],
    similarities: Mapping[str, Sequence[Mapping[str, Any]]],
    noise_floor: Mapping[str, Mapping[str, float]],
    overview: Mapping[str, Any],
    methods: Sequence[str],
    shards: Mapping[str, tuple[str | Path, str | Path]],
    thumbnail: int,
    receivers: str = ALL,
    decoder: Decoder | None = None,
) -> None:
    """Write the data of a task as a folder, all or nothing: ``overview.js``, ``data.js``, ``images/{run}.webp`` and ``numbers/{run}.js``.

    Args:
        folder: where to; its name is that of the task.
        task: name of the task.
        tables: ``pairs`` (tidy), ``baseline`` (one row per off image), and ``verdicts`` where there are any.
        images: files of ``images/{task}/``; the rows of a run are read when it is written.
        metadata, similarities, noise_floor, methods: see ``task_data``.
        shards: ``baseline`` and every run (``people_000_uce_000``) -> tar and index.
        overview: what the page shows first, as plain data.
        thumbnail: largest side of a picture in pixels.
        receivers: which the models were asked for, in words; of others the page says that they were not.
        decoder: of latents, where shards may hold them.

    Raises:
        ValueError, CorruptFileError: see ``task_data`` and ``write_sprite``.
    """
    content = task_data(tables["pairs"], metadata, similarities, noise_floor, methods, tables.get("verdicts"))
    baseline, size = tables["baseline"], len(metadata)
    runs, found = {}, set()
    for file in images:
        there = distinct_rows([file], [*KEYS, "seed"])
        found |= {int(seed) for seed in there["seed"]}
        for method, epochs, emitter in there[KEYS].drop_duplicates().itertuples(index=False):
            runs[ModelId(task, int(emitter), str(method), int(epochs)).name] = (file, (method, epochs, emitter))
    seeds = sorted(found)
    if odd := sorted({"baseline", *runs} ^ set(shards)):
        half = "pictures" if odd[0] in shards else "numbers"
        raise ValueError(f"explorer of {task}: '{odd[0]}' has {half} only; both are needed")
    content["asked"] = "" if receivers == ALL else receivers
    with atomic_path(folder) as part:
        for run in sorted(shards):
            numbers = baseline[baseline["seed"].isin(seeds)] if run == "baseline" else _numbers(*runs[run])
            some = None if receivers == ALL else {int(index) for index in numbers["receiver"]}
            with ShardReader(*shards[run], decoder) as shard:
                content["pictures"] = write_sprite(part / "images" / f"{run}.webp", shard, size, seeds, thumbnail, some)
            write_text(part / "numbers" / f"{run}.js", script("numbers", f"{task}/{run}", seed_data(numbers, size)))
        content["seeds"] = seeds
        write_text(part / "overview.js", script("overview", task, overview))
        write_text(part / "data.js", script("task", task, content))


def _numbers(file: str | Path, run: tuple[str, int, int]) -> pd.DataFrame:
    """The numbers of a run's images: ``receiver, seed`` and a column per metric."""
    conditions = [(key, "==", value) for key, value in zip(KEYS, run, strict=True)]
    rows = read_rows([file], columns=["receiver", "seed", "metric", "value"], filters=conditions)
    return rows.astype({"metric": str}).pivot(index=["receiver", "seed"], columns="metric", values="value").reset_index()
