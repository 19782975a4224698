"""A round trip: models of a finished run are exported, and come back as models that others made, with the same pictures and tables."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from huggingface_hub import ModelCard
from PIL import Image
from safetensors.torch import load, save_file
from tests.workflow.conftest import SMOKE, Clone, planned_jobs

from lethe.io.shards import ShardReader

pytestmark = pytest.mark.workflow
RESULTS = Path("results/smoke")
FOLDERS = {"images": "images/objects", "pairs": "by_method"}
BACK = ("--configfile", SMOKE, "back.yaml")
OURS = {"lora": "distil_004", "partial": "uce_000", "pipeline": "retrain_000", "images": "uce_000"}
EMITTER = 3


def model(name: str) -> str:
    return f"objects_{EMITTER:03d}_{name}"


@pytest.fixture(scope="module")
def returned(copied: Clone) -> Clone:
    """A copy of the finished run with an overlay ``back.yaml``: `{kind}_back` are exported models of emitter 3, taken for those of others."""
    clone = copied
    exported = [f"{RESULTS}/export/{model(ours)}" for kind, ours in OURS.items() if kind != "images"]
    clone.snakemake("-c2", "--", *exported)
    for kind, ours in OURS.items():
        if kind == "images":
            target = clone.folder / "theirs/images_003"
            with ShardReader(clone.folder / RESULTS / f"datasets/generated_{model(ours)}.tar") as shard:
                for member in shard.members:
                    shard.extract(member, target / member)
        else:
            shutil.copytree(clone.folder / RESULTS / "export" / model(ours), clone.folder / f"theirs/{kind}_003")
    external = {f"{kind}_back": {"kind": kind, "path": f"theirs/{kind}_{{index}}"} for kind in OURS}
    methods = ["none", "uce", "distil", "munba", "retrain", *external]
    (clone.folder / "back.yaml").write_text(yaml.safe_dump({"methods": methods, "external": external}))
    tables = [f"{RESULTS}/{FOLDERS[table]}/{table}_objects_{kind}_back.parquet" for table in FOLDERS for kind in OURS]
    clone.snakemake("-c2", *BACK, "--", *tables, config=None)
    return clone


def pictures(clone: Clone, run: str) -> np.ndarray:
    with ShardReader(clone.folder / RESULTS / f"datasets/generated_{run}.tar") as shard:
        return np.stack([np.asarray(Image.open(io.BytesIO(shard.read_bytes(member))), dtype=int) for member in shard.members])


def rows(clone: Clone, table: str, method: str) -> pd.DataFrame:
    found = pd.read_parquet(clone.folder / RESULTS / f"{FOLDERS[table]}/{table}_objects_{method}.parquet")
    found = found[found["emitter"] == EMITTER].drop(columns=["method", "epochs"])
    return found.astype({"metric": str}).reset_index(drop=True)


@pytest.mark.parametrize("kind", OURS)
def test_what_comes_back_is_what_went(returned: Clone, kind: str) -> None:
    theirs, ours = model(f"{kind}_back_000"), model(OURS[kind])
    off = np.abs(pictures(returned, theirs) - pictures(returned, ours))
    assert off.max() <= 1
    scores = [(returned.folder / RESULTS / f"scores/{run}.parquet").read_bytes() for run in (theirs, ours)]
    method = OURS[kind].rpartition("_")[0]
    tables = [[rows(returned, table, name) for name in (f"{kind}_back", method)] for table in FOLDERS]
    if kind == "partial":  # the map of the text is now inside the weights, so a sum is taken in another order; scales end at 100
        assert all(np.allclose(back["value"], went["value"], atol=0.02, equal_nan=True) for back, went in tables)
    else:
        assert scores[0] == scores[1]
        for back, went in tables:
            pd.testing.assert_frame_equal(back, went, check_exact=True)


def test_the_record_says_who_made_it(returned: Clone) -> None:
    record = json.loads((returned.folder / RESULTS / "models" / model("lora_back_000") / "record.json").read_text())
    held = returned.folder / "theirs/lora_003/pytorch_lora_weights.safetensors"
    assert record["external"] == {
        "kind": "lora",
        "file": f"lora_003/{held.name}",
        "sha256": hashlib.sha256(held.read_bytes()).hexdigest(),
    }
    assert record["emitter"]["prompt"] == "An image of a four" and record["kind"] == "lora"
    assert not (returned.folder / RESULTS / "models" / model("images_back_000")).exists()


def test_another_file_in_its_place_runs_its_model_again(returned: Clone) -> None:
    target = str(RESULTS / "by_method/pairs_objects_lora_back.parquet")
    arguments = ("-n", *BACK, "--", target)
    assert "Nothing to be done" in returned.snakemake(*arguments, config=None)
    held = returned.folder / "theirs/lora_003/pytorch_lora_weights.safetensors"
    before = held.read_bytes()
    try:
        held.with_name("README.md").write_text("what stands beside the weights does not count")
        assert "Nothing to be done" in returned.snakemake(*arguments, config=None)
        save_file({name: value / 2 for name, value in load(before).items()}, held)
        jobs = planned_jobs(returned.snakemake(*arguments, config=None))
    finally:
        held.write_bytes(before)
    assert set(jobs) - {"total"} == {"external_model_1", "generate_1", "score_1", "method_tables"}


def test_the_card_tells_what_it_cost(returned: Clone) -> None:
    folder = returned.folder / RESULTS / "export" / model("uce_000")
    card = ModelCard.load(folder / "README.md")
    assert card.data.to_dict()["license"] == "apache-2.0" and "## What it cost" in card.text and "Not measured" not in card.text
    assert "worst of them" in card.text and "forget **a four**" in card.text
    with Image.open(folder / "before_after.png") as image:
        assert min(image.size) > 300
