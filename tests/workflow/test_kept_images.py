"""A world that keeps latents in place of pictures has the tables of one that keeps pictures, and its readers show the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.workflow.conftest import Clone

from lethe.io.shards import ShardReader

RESULTS = Path("results/smoke")
RUN = "objects_003_uce_000"
SHARD = f"datasets/generated_{RUN}"
TABLES = ["scores/objects_baseline.parquet", "scores/objects_seed_pairs.parquet", f"scores/{RUN}.parquet"]


def pixels(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file), dtype=int)


@pytest.fixture(scope="module")
def kept(finished: Clone, copied: Clone) -> Clone:
    """A copy of the finished run in which the pictures of the base and of one batch are drawn again, and kept as latents."""
    for name in [f"datasets/generated_objects_{run}" for run in ("baseline", *(f"{n:03d}_uce_000" for n in range(10)))]:
        for ending in ("tar", "parquet"):
            (copied.folder / RESULTS / f"{name}.{ending}").unlink()
    for file in TABLES:
        (copied.folder / RESULTS / file).unlink()
    targets = [f"{RESULTS}/{file}" for file in (*TABLES, f"images/{RUN}/007_42.png", "figures/visual_grid_objects_003.png")]
    copied.snakemake("-c2", *targets, "--config", "keep_images=latents", "--rerun-triggers", "mtime")
    return copied


def test_tables_are_the_same(finished: Clone, kept: Clone) -> None:
    with ShardReader(kept.folder / RESULTS / f"{SHARD}.tar") as shard:
        assert shard.holds_latents and "007_42.safetensors" in shard.members
    for file in TABLES:
        png, latents = (pd.read_parquet(clone.folder / RESULTS / file) for clone in (finished, kept))
        pd.testing.assert_frame_equal(png, latents, check_exact=True)


def test_pictures_are_shown(finished: Clone, kept: Clone) -> None:
    with ShardReader(finished.folder / RESULTS / f"{SHARD}.tar") as shard:
        exact = shard.read("007_42.png").astype(int)
    assert np.abs(pixels(kept.folder / RESULTS / f"images/{RUN}/007_42.png") - exact).max() <= 1
    figures = [pixels(clone.folder / RESULTS / "figures/visual_grid_objects_003.png") for clone in (finished, kept)]
    assert figures[0].shape == figures[1].shape and np.abs(figures[0] - figures[1]).max() <= 3


def test_a_reader_without_the_setting_names_it(kept: Clone) -> None:
    other = f"{RESULTS}/images/{RUN}/006_42.png"
    said = kept.snakemake("-c1", other, "--rerun-triggers", "mtime", check=False)
    assert "keep_images: latents" in said and f"generated_{RUN}.tar" in said
