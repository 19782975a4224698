"""Folders of one's own pictures become tables by the overlay that the page names, and what changes in them runs again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from PIL import Image
from tests.tiny_pipeline import shared_tiny_pipeline
from tests.workflow.conftest import Clone, clone_to
from tests.workflow.planned import Plan

pytestmark = pytest.mark.workflow
NAMES = ["zero", "one", "two", "three", "four"]  # words that base and clip know
OVERLAY = {
    "tasks": {"own": {"entities": 5, "emitters": [1], "images_per_entity": 1, "source_options": {"path": "pictures"}}},
    "bases": {"own": {"source": "pretrained", "path": "./weights"}},
    "evaluators": {"clip": {"source": "prebuilt"}},
    "generation": {"seeds": [42, 43], "steps": 2},
    "scoring": {"metrics": ["clip", "brisque", "rmse", "ssim", "dino", "judge"], "distribution": []},
    "similarity": {"act_steps": 2},
    "statistics": {"permutations": 99, "bootstrap": 100},
}
CONFIG = ["config/own.yaml", "mine.yaml"]
TABLE = "results/own/tables/unlearning_own.csv"


def draw(folder: Path, name: str, number: int, red: int) -> None:
    place = folder / "pictures/images" / name
    place.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), (red, 0, 0)).save(place / f"{number}.png")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose task has pictures and a base of one's own, with finished tables."""
    clone = clone_to(tmp_path_factory.mktemp("own") / "le the")
    (clone.folder / "mine.yaml").write_text(yaml.safe_dump(OVERLAY))
    shutil.copytree(shared_tiny_pipeline(), clone.folder / "weights")
    for place, name in enumerate(NAMES):
        for number in range(2):
            draw(clone.folder, name, number, 20 * place + number)
    (clone.folder / "pictures/entities.json").write_text(json.dumps([{"name": name} for name in NAMES]))
    clone.snakemake("-c1", "--configfile", *CONFIG, "--", TABLE, config=None)
    return clone


def test_one_is_unlearned_all_are_asked_for_and_clip_judges(own: Clone) -> None:
    table = pd.read_csv(own.folder / TABLE).set_index("method")
    assert list(table["emitters"]) == [1, 1] and table["judge_emitter"].between(0, 1).all()
    assert table.loc["none", "rmse_others"] == 0 < table.loc["uce", "rmse_emitter"]
    assert table[["judge_others_low", "rmse_others_high"]].isna().all(axis=None), "one emitter has no interval"
    pairs = pd.read_parquet(own.folder / "results/own/pairs_own.parquet")
    assert set(pairs["emitter"]) == {1} and set(pairs["receiver"]) == set(range(5))
    records = json.loads((own.folder / "results/own/metadata_own_2_enriched_filtered.json").read_text())
    assert [record["name"] for record in records] == NAMES, "without balance the order is that of entities.json"
    assert [record["is_unlearned"] for record in records] == [False, True, False, False, False]


def _names(folder: Path) -> None:
    listed = folder / "pictures/entities.json"
    listed.write_text(listed.read_text().replace('"three"', '"nine"'))
    (folder / "pictures/images/three").rename(folder / "pictures/images/nine")


def _weights(folder: Path) -> None:
    weights = next((folder / "weights/unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")


@pytest.mark.parametrize(
    ("edit", "first", "cause"),
    [
        (lambda folder: draw(folder, "two", 0, 255), "source", "file pictures changed"),
        (lambda folder: draw(folder, "two", 2, 255), "source", "file pictures changed"),
        (lambda folder: (folder / "pictures/images/two/1.png").unlink(), "source", "file pictures changed"),
        (_names, "source", "file pictures changed"),
        (_weights, "base_local", "file weights changed"),
    ],
    ids=["replaced", "added", "removed", "renamed", "weights"],
)
def test_what_changes_outside_runs_again(own: Clone, edit: Callable[[Path], None], first: str, cause: str) -> None:
    """Though the time of the folder itself says nothing of the files in it; and back to what it was it asks for nothing."""
    kept = [own.folder / name for name in ("pictures", "weights")]
    for folder in kept:
        shutil.copytree(folder, folder.with_suffix(".kept"))
    try:
        edit(own.folder)
        plan = Plan(own, TABLE, config=CONFIG)
        assert plan.changed.keys() == {first} and plan.causes == {cause}
        assert {"generate_baseline", "unlearn", "summary"} <= plan.rules
    finally:
        for folder in kept:
            shutil.rmtree(folder)
            folder.with_suffix(".kept").rename(folder)


def test_files_that_were_copied_and_not_changed_run_nothing(own: Clone) -> None:
    shutil.copytree(own.folder / "pictures", own.folder / "again", copy_function=shutil.copy)
    shutil.rmtree(own.folder / "pictures")
    (own.folder / "again").rename(own.folder / "pictures")
    assert not Plan(own, TABLE, config=CONFIG).rules


def test_a_path_that_is_gone_stops_the_plan(own: Clone) -> None:
    words = ["-n", "-c1", "--config", 'tasks={"own": {"source_options": {"path": "picture"}}}']
    output = own.snakemake("--configfile", *CONFIG, *words, "--", TABLE, config=None, check=False)
    assert output.startswith("exit 1") and "tasks.own.source_options.path: 'picture' does not exist" in output
    assert "did you mean 'pictures'" in output
