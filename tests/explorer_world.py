"""A synthetic task for the explorer: tables with a known truth, and shards of pictures that all differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tests.unit.icare.plot_tables import METHODS, Tables, make_tables

from lethe.benchmarks.icare.explorer.data import script
from lethe.benchmarks.icare.explorer.page import write_page
from lethe.benchmarks.icare.explorer.rows import write_row
from lethe.benchmarks.icare.explorer.task import write_task
from lethe.core.records import ModelId
from lethe.io.atomic import write_text
from lethe.io.rows import write_rows
from lethe.io.shards import index_path, write_shard
from lethe.io.tables import write_json

SEEDS = (42, 43, 44)
SIZE = 8  # pixels
BASE = "breeds_baseline"
OVERVIEW: dict[str, Any] = {
    "findings": [{"subject": "breeds", "headline": "Every method forgets.", "detail": "UCE 0 %.", "hoped": True, "table": "-"}],
    "table": {
        "group": None,
        "columns": [{"label": "Pairs harmed", "hint": "low is good", "high": 1, "target": 0.025, "better": "low"}],
        "rows": [
            {
                "name": name,
                "means": "",
                "reference": False,
                "cells": [{"text": text, "value": value, "low": value, "high": value}],
            }
            for name, text, value in (("UCE", "30 %", 0.3), ("MUNBa", "9 %", 0.09), ("ESD", "not known", None))
        ],
    },
    "worst": {
        "metric": "clip_diff",
        "pairs": [{"method": "munba", "emitter": 2, "receiver": 5, "value": -3.456}],
        "harmless": ["UCE"],
    },
    "checks": [
        {"verdict": verdict, "claim": claim, "target": "0", "value": "0", "doubt": "", "how": "counted"}
        for verdict, claim in (("does not hold", "harm can be foretold"), ("holds", "no-op is zero"))
    ],
    "terms": {"emitter": "what is forgotten"},
}


@dataclass
class World:
    """What an explorer was made from, and where it is."""

    page: Path
    tables: Tables
    images: pd.DataFrame
    baseline: pd.DataFrame
    shards: dict[str, tuple[Path, Path]]

    def image(self, run: str, receiver: int, seed: int, metric: str) -> float:
        """One number of an on image."""
        model = ModelId.parse(run)
        rows = self.images[(self.images["method"] == model.method) & (self.images["emitter"] == model.index)]
        rows = rows[(rows["receiver"] == receiver) & (rows["seed"] == seed) & (rows["metric"] == metric)]
        return float(rows["value"].item())


def pictures(rng: np.random.Generator, entities: int, size: int):
    for receiver in range(entities):
        for seed in SEEDS:
            image = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
            yield f"{receiver:03d}_{seed}.png", image, {"receiver": receiver, "seed": seed}


def write_world(folder: Path, size: int = SIZE, thumbnail: int = 128) -> World:
    """An explorer of the task `breeds` in ``folder / "explorer"``; ten entities, the attributes `group` and `height_cm`."""
    rng, tables = np.random.default_rng(1), make_tables(10)
    for record in tables.metadata:
        record |= {"group": "hound" if record["index"] % 2 else "bull", "height_cm": 100 - record["index"]}
    seeds = pd.DataFrame({"seed": SEEDS, "shift": np.linspace(-0.1, 0.1, len(SEEDS))})
    images = tables.pairs.merge(seeds, how="cross")
    images["value"] += images.pop("shift")
    clip = images[images["metric"] == "clip_diff"].assign(metric="clip")
    images = pd.concat([images, clip.assign(value=clip["value"] + 90)], ignore_index=True)
    baseline = pd.DataFrame({"receiver": np.repeat(range(10), len(SEEDS)), "seed": np.tile(SEEDS, 10)})
    baseline["clip"] = 90 + baseline["receiver"] + baseline["seed"] / 100
    shards = {}
    emitters = {method: [3] if method == "retrain" else range(10) for method in METHODS}
    runs = [ModelId("breeds", emitter, method, 0).name for method in METHODS for emitter in emitters[method]]
    for run in (BASE, *runs):
        tar = folder / f"{run}.tar"
        write_shard(tar, pictures(rng, 10, size))
        shards[run] = (tar, index_path(tar))
    page = folder / "explorer"
    parts = [
        {"name": f"deepunlearn_digits_{name}", "label": f"digits_{name}", "benchmark": "Deep Unlearn"} for name in ("mlp", "cnn")
    ]
    write_page(page, "test", ["people", "breeds"], parts)
    write_text(
        page / "deepunlearn_digits_mlp/overview.js", script("overview", "deepunlearn_digits_mlp", OVERVIEW | {"worst": None})
    )
    write_text(page / "links_demo.js", script("link", "The answer", {"address": "../answer_demo.html"}))
    write_row(page / "rows" / BASE, baseline, None, shards[BASE], 10, SEEDS, thumbnail)
    for run in runs:
        model = ModelId.parse(run)
        pairs, singles = (
            table[(table["method"] == model.method) & (table["emitter"] == model.index)] for table in (tables.pairs, images)
        )
        numbers = singles.pivot(index=["receiver", "seed"], columns="metric", values="value").reset_index()
        write_row(page / "rows" / run, numbers, pairs, shards[run], 10, SEEDS, thumbnail)
    write_first(page / "breeds", tables, METHODS, rows=[page / "rows" / run for run in (BASE, *runs)])
    return World(page / "index.html", tables, images, baseline, shards)


def write_first(
    folder: Path,
    tables: Tables,
    methods: Sequence[str],
    overview: dict[str, Any] = OVERVIEW,
    seeds: Sequence[int] = SEEDS,
    rows: Sequence[Path] = (),
) -> None:
    """What the page shows of a task before a row is opened."""
    beside = folder.parent.parent
    with write_rows(beside / "pairs.parquet") as append:
        append(tables.pairs)
    for kind, records in tables.similarity.items():
        write_json(beside / f"similarity_{kind}.json", records)
    similarities = {kind: beside / f"similarity_{kind}.json" for kind in tables.similarity}
    floor = tables.noise_floor
    write_task(folder, beside / "pairs.parquet", tables.metadata, similarities, floor, overview, methods, seeds, rows=rows)
