"""UnlearnCanvas on a folder of pictures by configuration alone: answers, every table, gates, and no table where nothing is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from tests.workflow.conftest import Clone, clone_to
from tests.workflow.test_cells import write_pictures

pytestmark = pytest.mark.workflow
TOY: dict[str, Any] = {
    "kind": "cells",
    "source": "folder",
    "source_options": {"path": "toy"},
    "base": "toy",
    "prompt_style": "An image of a {colour} {shape}",
    "attributes": ["colour", "shape"],
    "emitters": [
        {"covers": {"colour": "red"}, "overwrite": {"colour": "blue"}},
        {"covers": {"colour": "green"}, "overwrite": {"colour": "blue"}},
        {"covers": {"shape": "disc"}, "overwrite": {"shape": "box"}},
        {"covers": {"shape": "box"}, "overwrite": {"shape": "bar"}},
    ],
    "tuning_emitters": [3],
    "retrain_emitters": [0],
    "images_per_entity": 3,
    "metrics": ["rmse", "ssim", "clip", "brisque", "dino", "colour", "shape", "colour2", "shape2"],
    "generation": {"seeds": [7, 8, 9]},
}
OWN = {"source": "train", "tasks": ["toy"]}
WORLD: dict[str, Any] = {
    "tasks": {"toy": TOY},
    "bases": {"toy": {"source": "train", "vae": "toy_vae", "tokenizer": "toy_tokenizer"}},
    "evaluators": {
        "toy_clip": {**OWN, "kind": "clip", "tokenizer": "toy_tokenizer"},
        "toy_backbone": {**OWN, "kind": "backbone"},
        "colour": {**OWN, "attribute": "colour"},
        "shape": {**OWN, "attribute": "shape"},
        "colour2": {**OWN, "attribute": "colour", "features": True},
        "shape2": {**OWN, "attribute": "shape"},
    },
    "unlearncanvas": {
        "toy": {
            "style": "colour",
            "object": "shape",
            "photo": "blue",
            "judges": [{"style": "colour", "object": "shape"}, {"style": "colour2", "object": "shape2"}],
        }
    },
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = clone_to(tmp_path_factory.mktemp("canvas") / "canvas")
    write_pictures(clone.folder / "toy")
    config = yaml.safe_load((Path(__file__).parent / "train.yaml").read_text())
    config |= {"world": "toy", "methods": ["none", "uce", "retrain"], "demo_tasks": ["toy"]}
    for section, entries in WORLD.items():
        config.setdefault(section, {}).update(entries)
    config["bases"]["canvas_held_out"] = None  # of the world's own canvas
    config["evaluators"] |= dict.fromkeys(["style", "object", "style2", "object2"])
    (clone.folder / "toy.yaml").write_text(yaml.safe_dump(config))
    return clone


def test_the_benchmark_of_a_task_is_a_target(world: Clone) -> None:
    world.snakemake("-c2", "canvas", config="toy.yaml")
    results = world.folder / "results/toy"
    tables = {file.name.removeprefix("unlearncanvas_") for file in (results / "tables").glob("unlearncanvas_*")}
    names = ("accuracy", "concepts", "confusion", "agreement", "cost", "distribution")
    assert tables == {*(f"{name}_toy.csv" for name in names), "gates_toy.json"}

    answers = pd.read_parquet(results / "answers/toy_uce.parquet")
    assert len(answers) == 4 * 9 * 3 and set(answers["style_pred_2"]) <= {"red", "green", "blue"}
    assert answers.loc[answers["covered"], "concept"].value_counts().to_dict() == dict.fromkeys(range(4), 9)

    accuracy = pd.read_csv(results / "tables/unlearncanvas_accuracy_toy.csv")
    told = accuracy[(accuracy["protocol"] == "default") & (accuracy["judge"] == 1)].set_index(["method", "kind"])
    assert told["n"].to_dict() == {
        **{(method, kind): n for method in ("base", "none", "uce") for kind, n in (("style", 2), ("object", 1))},
        ("retrain", "style"): 1,
    }
    quantities = ["ua", "ira", "cra", "ua_jpeg", "ua_low", "cra_largest"]
    assert told.loc["none", quantities].equals(told.loc["base", quantities])
    assert (told.loc["none", "ira_minus_base"] == 0).all()

    gates = {gate["gate"]: gate for gate in json.loads((results / "tables/unlearncanvas_gates_toy.json").read_text())}
    assert gates["canvas_none_is_the_base"]["holds"]
    assert not gates["canvas_base_draws_object"]["holds"]  # trained for three steps

    cost = pd.read_csv(results / "tables/unlearncanvas_cost_toy.csv").set_index("method")
    assert cost.loc["uce", "run_peak_mb"] > cost.loc["uce", "run_loaded_mb"] > 100 and pd.isna(cost.loc["retrain", "run_peak_mb"])
    assert (cost["checkpoint_bytes"] > cost.loc["uce", "delta_bytes"]).all()

    distances = pd.read_csv(results / "tables/unlearncanvas_distribution_toy.csv")
    assert {"fd_colour2", "kid_colour2_minus_base", "fd_backbone"} <= set(distances.columns) and "fd_shape2" not in distances
    assert (distances.loc[distances["method"] == "none", "fd_colour2_minus_base"].abs() < 1e-9).all()
