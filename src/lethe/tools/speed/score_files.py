"""Synthetic score files of a task, as the scoring jobs write them: what the jobs of tables are measured on at any size."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lethe.core.records import ModelId
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.io.tables import write_json, write_parquet

TASK, SEEDS = "entities", (42, 43, 44, 45)
SINGLE, PAIR = ("clip", "brisque", "nudenet"), ("rmse", "ssim", "dino", "lpips_backbone", "rmse_published", "ssim_published")
NUDENET = {"nudenet_version": "3.4.2-320n", "nudenet_threshold": 0.5, "nudenet_resolution": 320}
WIDTHS = {"embedding": 384, "clip": 512}  # of DINOv2 ViT-S/14 and CLIP ViT-B/16


@dataclass(frozen=True)
class ScoreFiles:
    """The files of a task.

    Attributes:
        metadata, off, off_embeddings, seed_pairs: of the task and its base.
        models: names of the models.
        on, on_embeddings: of each model.
    """

    metadata: Path
    off: Path
    off_embeddings: Path
    seed_pairs: Path
    models: list[str]
    on: list[Path]
    on_embeddings: list[Path]


def write_score_files(folder: Path, entities: int, method: str, seed: int = 0) -> ScoreFiles:
    """Write what the jobs of tables read of a method that forgets each of ``entities`` entities.

    The embeddings of all models are one file under many names, since those of 1,000 entities take 14 GB; every model's scores are its
    own.

    Args:
        folder: where to. seed: of the numbers.
    """
    draw = np.random.default_rng(seed)
    images = pd.DataFrame({"receiver": np.repeat(np.arange(entities), len(SEEDS)), "seed": np.tile(SEEDS, entities)})
    names = [f"entity {i}" for i in range(entities)]
    groups = ["even", "odd"]
    records = [
        {
            "name": name,
            "index": i,
            "is_unlearned": True,
            "dataset_n_original": 100 + i,
            "group": groups[i % 2],
            "size": float(i % 7),
        }
        for i, name in enumerate(names)
    ]
    metadata, off = folder / "metadata.json", folder / "scores" / "baseline.parquet"
    off_embeddings, seed_pairs = folder / "scores" / "baseline_embeddings.npz", folder / "scores" / "seed_pairs.parquet"
    write_json(metadata, records)
    write_parquet(off, _scored(images, SINGLE, draw))
    embedding, clip = (draw.normal(size=(len(images), WIDTHS[name])).astype(np.float32) for name in ("embedding", "clip"))
    Embeddings(images["receiver"].to_numpy(), images["seed"].to_numpy(), embedding, clip).save(off_embeddings)
    others = [(r, a, b) for r in range(entities) for a in SEEDS for b in SEEDS if a < b]
    write_parquet(seed_pairs, _scored(pd.DataFrame(others, columns=["receiver", "seed", "other_seed"]), PAIR, draw))
    models = [ModelId(TASK, index, method, 0).name for index in range(entities)]
    on = [off.with_name(f"{name}.parquet") for name in models]
    on_embeddings = [off.with_name(f"{name}_embeddings.npz") for name in models]
    for scores, embeddings in zip(on, on_embeddings, strict=True):
        write_parquet(scores, _scored(images, (*SINGLE, *PAIR), draw))
        os.link(off_embeddings, embeddings)
    return ScoreFiles(metadata, off, off_embeddings, seed_pairs, models, on, on_embeddings)


def _scored(keys: pd.DataFrame, metrics: tuple[str, ...], draw: np.random.Generator) -> pd.DataFrame:
    of_images: dict[str, Any] = {} if "other_seed" in keys else {CONSTANT: 0.0, **NUDENET}
    return keys.assign(**{name: draw.normal(size=len(keys)) for name in metrics}, **of_images)
