"""Pictures of a corpus: as shards they have the RMSE and SSIM that were stored, and on pictures that were shuffled are not paired."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from tests.corpus_tree import PEOPLE, SEEDS, CorpusTree, file_of, write_corpus

from lethe.archive.jobs.corpus_images import pack
from lethe.archive.jobs.corpus_pairing import compare, join
from lethe.archive.jobs.corpus_tables import take_metadata
from lethe.core.records import ImageKey
from lethe.diffusion.metrics.fidelity import PUBLISHED_RANGE, channel_rmse, ssim, ssim_terms
from lethe.io.shards import ShardReader
from lethe.statistics.resampling import Inference

FEW = Inference(permutations=199, bootstrap=100)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CorpusTree:
    tree = write_corpus(tmp_path_factory.mktemp("corpus") / "tree")
    take_metadata(tree.root / "metadata_people_2_enriched_filtered.json", tree.root / "ours.json", [])
    return tree


def shard(tree: CorpusTree, folder: str, state: str, place: Path) -> ShardReader:
    files = place / f"{state}.tar", place / f"{state}.parquet"
    pack([tree.root / "datasets" / folder], tree.root / "ours.json", *files, state, list(SEEDS), "person", 32)
    return ShardReader(*files)


def test_values_of_the_pictures_are_those_that_were_stored(tree: CorpusTree, tmp_path: Path) -> None:
    """Stored as pipeline 06 does: means over seeds of both at data range 4095, of PNGs on the disk."""
    folder, base = tree.folder(1, "uce"), "generated_people_baseline"
    stored = []
    for name in PEOPLE:
        both = [
            [np.asarray(Image.open(tree.root / "datasets" / place / file_of(state, seed, name))) for seed in SEEDS]
            for place, state in ((folder, "on"), (base, "off"))
        ]
        rmse = [np.sqrt(((on.astype(float) - off) ** 2).mean(axis=(0, 1))).mean() / 4095 for on, off in zip(*both, strict=True)]
        alike = [structural_similarity(off, on, channel_axis=2, data_range=4095) for on, off in zip(*both, strict=True)]
        stored.append((np.mean(rmse), np.mean(alike)))
    with shard(tree, folder, "on", tmp_path) as on, shard(tree, base, "off", tmp_path) as off:
        assert on.table["prompt"].iloc[0] == "An image of Ann Bole"
        found = []
        for receiver in range(len(PEOPLE)):
            names = [ImageKey(receiver, seed).file_name for seed in SEEDS]
            sides = [
                torch.tensor(np.stack([side.read(name) for name in names])).permute(0, 3, 1, 2).float() for side in (on, off)
            ]
            error = channel_rmse(*sides).mean(dim=1) / PUBLISHED_RANGE
            found.append((error.mean().item(), ssim(ssim_terms(*sides), PUBLISHED_RANGE).mean().item()))
    np.testing.assert_allclose(found, stored, rtol=1e-12)


def test_verdicts_follow_the_noise(tree: CorpusTree, tmp_path: Path) -> None:
    data = tree.root / "datasets"
    models = ["people_000_uce_000", "people_001_uce_000", "people_002_distil_400"]
    folders = [data / tree.folder(0, "uce"), data / tree.folder(1, "uce"), data / tree.folder(2, "distil")]
    given = ([data / "generated_people_baseline"], folders, tree.root / "ours.json", tmp_path / "rows.csv", models, models[2:])
    compare(*given, list(SEEDS), "person", 25, FEW)
    join([tmp_path / "rows.csv"], tmp_path / "table.csv", FEW)
    table = pd.read_csv(tmp_path / "table.csv").set_index(["name", "off"])
    assert table["receivers"].eq(9).all() and table["left_out"].eq(0).all()
    assert table.loc[("Ann_Bole", "baseline"), "verdict"] == table.loc[("Bo_Cady-Dunn", "own"), "verdict"] == "paired"
    assert "paired" not in {table.loc[key, "verdict"] for key in (("Ann_Bole_Jr", "baseline"), ("Bo_Cady-Dunn", "baseline"))}
