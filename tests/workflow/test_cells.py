"""A task of two attributes by configuration and a folder of pictures alone: nine cells, emitters that cover three of them, UnlearnCanvas on it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from tests.workflow.conftest import Clone, clone_to

pytestmark = pytest.mark.workflow
COLOURS = {"red": (200, 40, 40), "green": (40, 170, 60), "blue": (50, 70, 200)}
SHAPES = ("disc", "box", "bar")
IMAGES = 6
TOY: dict[str, Any] = {
    "kind": "cells",
    "source": "folder",
    "source_options": {"path": "toy"},
    "base": "toy",
    "prompt_style": "An image of a {colour} {shape}",
    "attributes": ["colour", "shape"],
    "emitters": [
        {"covers": {"colour": "red"}, "overwrite": {"colour": "blue"}},
        {"covers": {"shape": "disc"}},
        {"covers": {"colour": "green", "shape": "bar"}, "overwrite": {"shape": "box"}},
    ],
    "retrain_emitters": [0],
    "images_per_entity": 4,
    "metrics": ["clip", "rmse", "dino", "colour", "shape", "colour2", "shape2"],
    "generation": {"seeds": [7, 8, 9]},
}
BASES = {"toy": {"source": "train", "vae": "toy_vae", "tokenizer": "toy_tokenizer"}}
OWN = {"source": "train", "tasks": ["toy"]}
EVALUATORS = {
    "toy_clip": {**OWN, "kind": "clip", "tokenizer": "toy_tokenizer"},
    "toy_backbone": {**OWN, "kind": "backbone"},
    "colour": {**OWN, "kind": "classifier", "attribute": "colour"},
    "shape": {**OWN, "kind": "classifier", "attribute": "shape"},
    "colour2": {**OWN, "attribute": "colour", "features": True},
    "shape2": {**OWN, "attribute": "shape"},
}
CANVAS = {
    "style": "colour",
    "object": "shape",
    "photo": "blue",
    "judges": [{"style": "colour", "object": "shape"}, {"style": "colour2", "object": "shape2"}],
}


def write_pictures(folder: Path) -> None:
    """``entities.json`` and a few noisy pictures of every cell."""
    noise, records = np.random.default_rng(0), []
    for colour, rgb in COLOURS.items():
        for shape in SHAPES:
            name = f"{colour}_{shape}"
            records.append({"name": name, "colour": colour, "shape": shape})
            (folder / "images" / name).mkdir(parents=True)
            y, x = np.mgrid[:32, :32] - 15.5
            inside = {"disc": x**2 + y**2 < 100, "box": np.maximum(abs(x), abs(y)) < 9, "bar": abs(y) < 4}[shape]
            for number in range(IMAGES):
                picture = np.where(inside[..., None], rgb, 230) + noise.normal(0, 8, (32, 32, 3))
                Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / "images" / name / f"{number}.png")
    (folder / "entities.json").write_text(json.dumps(records))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = clone_to(tmp_path_factory.mktemp("cells") / "le the")
    write_pictures(clone.folder / "toy")
    config = yaml.safe_load((Path(__file__).parent / "train.yaml").read_text())
    config |= {"world": "toy", "methods": ["none", "uce", "munba", "retrain"]}
    own = {"tasks": {"toy": TOY}, "bases": BASES, "evaluators": EVALUATORS, "unlearncanvas": {"toy": CANVAS}}
    for section, entries in own.items():
        config[section] |= entries
    (clone.folder / "toy.yaml").write_text(yaml.safe_dump(config))
    return clone


def test_a_task_of_two_attributes_is_unlearned_drawn_and_scored(world: Clone) -> None:
    results = world.folder / "results/toy"
    runs = ["toy_baseline", "toy_001_uce_000", *(f"toy_000_{method}" for method in ("none_000", "munba_007", "retrain_000"))]
    lists = [f"results/toy/datasets/splits_toy/00{index}/train_forget/metadata.jsonl" for index in range(3)]
    world.snakemake("-c2", *lists, *(f"results/toy/scores/{run}.parquet" for run in runs), config="toy.yaml")

    receivers = json.loads((results / "receivers_toy.json").read_text())
    assert [receiver["prompt"] for receiver in receivers[:2]] == ["An image of a red disc", "An image of a red box"]
    red, disc, pair = json.loads((results / "emitters_toy.json").read_text())
    assert red["covers"] == [0, 1, 2] and red["overwrite"][0] == "An image of a blue disc"
    assert disc["covers"] == [0, 3, 6] and disc["overwrite"] == ["", "", ""]
    assert pair["covers"] == [5] and pair["overwrite"] == ["An image of a green box"]
    shown = [[json.loads(line)["index"] for line in (world.folder / path).read_text().splitlines()] for path in lists]
    assert shown == [sorted(emitter["covers"] * 4) for emitter in (red, disc, pair)]

    off, *on = (pd.read_parquet(results / f"scores/{run}.parquet") for run in runs)
    assert sorted(off["receiver"].unique()) == list(range(9)) and sorted(off["seed"].unique()) == [7, 8, 9]
    assert {"clip", "colour", "shape"} <= set(off.columns) and not {"judge", "brisque"} & set(off.columns)
    uce, none, munba, retrain = on
    assert (none["rmse"] == 0).all() and all((changed["rmse"] > 0).any() for changed in (uce, munba, retrain))
    record = json.loads((results / "parts/retrain_toy_000.json").read_text())
    assert record["exclude"] == ["toy/red_disc", "toy/red_box", "toy/red_bar"]
    assert json.loads((results / "parts/colour.json").read_text())["classes"] == ["toy/red", "toy/green", "toy/blue"]


def test_unlearncanvas_of_a_task_is_a_target(world: Clone) -> None:
    world.snakemake("-c2", "canvas", config="toy.yaml")
    results = world.folder / "results/toy"
    names = ("accuracy", "concepts", "confusion", "agreement", "cost", "distribution")
    made = {file.name.removeprefix("unlearncanvas_") for file in (results / "tables").glob("unlearncanvas_*")}
    assert made == {*(f"{name}_toy.csv" for name in names), "gates_toy.json"}
    tables = {name: pd.read_csv(results / f"tables/unlearncanvas_{name}_toy.csv") for name in names}

    answers = pd.read_parquet(results / "answers/toy_uce.parquet")
    assert len(answers) == 3 * 9 * 3 and set(answers["style_pred_2"]) <= set(COLOURS)
    assert answers["kind"].unique().tolist() == ["style", "object", "pair"]
    assert answers.loc[answers["covered"], "concept"].value_counts().to_dict() == {0: 9, 1: 9, 2: 3}

    accuracy = tables["accuracy"].set_index(["method", "kind", "protocol", "judge"]).sort_index()
    assert accuracy["n"].eq(1).all() and ("retrain", "object", "default", 1) not in accuracy.index
    for kind in ("style", "object"):
        none, base = (accuracy.loc[(method, kind, "default", 2), ["ua", "ira", "cra", "cra_jpeg"]] for method in ("none", "base"))
        assert none.tolist() == base.tolist() and accuracy.loc[("none", kind, "default", 2), "ira_minus_base"] == 0

    gates = {gate["gate"]: gate["holds"] for gate in json.loads((results / "tables/unlearncanvas_gates_toy.json").read_text())}
    assert gates["canvas_none_is_the_base"] and not gates["canvas_base_draws_object"]  # trained for three steps

    cost = tables["cost"].set_index("method")
    assert cost.loc["uce", "run_peak_mb"] > cost.loc["uce", "run_loaded_mb"] > 100 and pd.isna(cost.loc["retrain", "run_peak_mb"])
    assert (cost["checkpoint_bytes"] > cost.loc["uce", "delta_bytes"]).all()

    distances = tables["distribution"]
    assert {"fd_colour2", "kid_colour2_minus_base", "fd_backbone"} <= set(distances.columns) and "fd_shape2" not in distances
    assert (distances.loc[distances["method"] == "none", "fd_colour2_minus_base"].abs() < 1e-9).all()


def test_cells_have_no_tables_of_icare(world: Clone) -> None:
    planned = world.snakemake("-n", "-c1", "--verbose", "all", config="toy.yaml")
    assert "toy_000_munba_007.parquet" in planned and "unlearning_objects.csv" in planned
    assert not {"unlearning_toy.csv", "pairs_toy.parquet", "metadata_toy_2"} & set(re.findall(r"[\w.]+", planned))
