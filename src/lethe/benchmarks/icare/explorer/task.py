"""What lies beside the page for one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.icare.asked import ALL
from lethe.benchmarks.icare.explorer.data import script, seed_data, task_data
from lethe.benchmarks.icare.explorer.sprites import write_sprite
from lethe.core.records import ModelId
from lethe.io.atomic import atomic_path, write_text
from lethe.io.shards import ShardReader


def write_task(
    folder: str | Path,
    task: str,
    tables: Mapping[str, pd.DataFrame],
    metadata: Sequence[Mapping[str, Any]],
    similarities: Mapping[str, Sequence[Mapping[str, Any]]],
    noise_floor: Mapping[str, Mapping[str, float]],
    overview: Mapping[str, Any],
    methods: Sequence[str],
    shards: Mapping[str, tuple[str | Path, str | Path]],
    thumbnail: int,
    receivers: str = ALL,
) -> None:
    """Write the data of a task as a folder, all or nothing: ``overview.js``, ``data.js``, ``images/{run}.webp`` and ``numbers/{run}.js``.

    Args:
        folder: where to; its name is that of the task.
        task: name of the task.
        tables: ``pairs`` and ``images`` (tidy), ``baseline`` (one row per off image), and ``verdicts`` where there are any.
        metadata, similarities, noise_floor, methods: see ``task_data``.
        shards: ``baseline`` and every run (``people_000_uce_000``) -> tar and index.
        overview: what the page shows first, as plain data.
        thumbnail: largest side of a picture in pixels.
        receivers: which the models were asked for, in words; of others the page says that they were not.

    Raises:
        ValueError, CorruptFileError: see ``task_data`` and ``write_sprite``.
    """
    content = task_data(tables["pairs"], metadata, similarities, noise_floor, methods, tables.get("verdicts"))
    images, baseline, size = tables["images"], tables["baseline"], len(metadata)
    seeds = sorted({int(seed) for seed in images["seed"]})
    numbers = {"baseline": baseline[baseline["seed"].isin(seeds)]}
    for (method, epochs, emitter), rows in images.groupby(["method", "epochs", "emitter"], observed=True):
        run = ModelId(task, int(str(emitter)), str(method), int(str(epochs))).name
        numbers[run] = rows.pivot(index=["receiver", "seed"], columns="metric", values="value").reset_index()
    if odd := sorted(set(numbers) ^ set(shards)):
        half = "numbers" if odd[0] in numbers else "pictures"
        raise ValueError(f"explorer of {task}: '{odd[0]}' has {half} only; both are needed")
    content["asked"] = "" if receivers == ALL else receivers
    with atomic_path(folder) as part:
        for run in sorted(shards):
            with ShardReader(*shards[run]) as shard:
                some = None if receivers == ALL else {int(index) for index in numbers[run]["receiver"]}
                content["pictures"] = write_sprite(part / "images" / f"{run}.webp", shard, size, seeds, thumbnail, some)
            write_text(part / "numbers" / f"{run}.js", script("numbers", f"{task}/{run}", seed_data(numbers[run], size)))
        content["seeds"] = seeds
        write_text(part / "overview.js", script("overview", task, overview))
        write_text(part / "data.js", script("task", task, content))
