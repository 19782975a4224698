"""A synthetic task for the explorer: tables with a known truth, and shards of pictures that all differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tests.unit.icare.plot_tables import METHODS, Tables, make_tables

from lethe.benchmarks.icare.explorer.page import write_page
from lethe.benchmarks.icare.explorer.task import write_task
from lethe.core.records import ModelId
from lethe.io.shards import index_path, write_shard

SEEDS = (42, 43, 44)
SIZE = 8  # pixels


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
    for run in ("baseline", *runs):
        tar = folder / f"{run}.tar"
        write_shard(tar, pictures(rng, 10, size))
        shards[run] = (tar, index_path(tar))
    page = folder / "explorer"
    write_page(page, "test", ["people", "breeds"])
    write_task(
        page / "breeds",
        "breeds",
        {"pairs": tables.pairs, "images": images, "baseline": baseline},
        tables.metadata,
        tables.similarity,
        tables.noise_floor,
        METHODS,
        shards,
        thumbnail,
    )
    return World(page / "index.html", tables, images, baseline, shards)
