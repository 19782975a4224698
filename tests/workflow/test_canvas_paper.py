"""config/canvas_paper.yaml: its plan over files that have the published form, and the same scaled down, run for real."""

from __future__ import annotations

import json
import resource
from typing import Any

import pandas as pd
import pytest
import yaml
from snakemake.utils import update_config
from tests.canvas_world import CHANNELS, OBJECTS, SIDE, THEMES, write_answers, write_checkpoint, write_folder
from tests.tiny_pipeline import make_tiny_pipeline
from tests.workflow.conftest import ROOT, Clone, clone_to, planned_jobs

pytestmark = pytest.mark.workflow
PAPER = "config/canvas_paper.yaml"
SEEDS = [188, 288]
PRODUCTS = [
    f"results/small/{name}" for name in ("tables/unlearncanvas_accuracy_canvas.csv", "tables/unlearncanvas_gates_canvas.json")
]
OTHERS = "results/small/tables/unlearncanvas_others_canvas.csv"
FILES = "results/small/unlearncanvas/result_files_canvas_uce"
SMALL: dict[str, Any] = {
    "world": "small",
    "device": "cpu",
    "dtype": "float32",
    "methods": ["none", "uce"],
    "tasks": {
        "canvas": {
            "source_options": {"themes": list(THEMES), "objects": list(OBJECTS), "shorter": SIDE},
            "emitters": [{"covers": {"style": style}, "overwrite": {"style": "Photo"}} for style in ("Mosaic", "Cartoon")],
            "metrics": ["style", "object"],
        },
        "canvas_objects": None,
    },
    "evaluators": {
        "backbone": None,
        **{name: {"tasks": ["canvas"], "pretraining": {"judge": {"channels": list(CHANNELS)}}} for name in ("style", "object")},
    },
    "generation": {"steps": 2, "size": SIDE, "batch_size": 12, "seeds": SEEDS, "compile": False},
    "unlearncanvas": {
        "canvas": {
            "answer_sets": {"theirs": "data/answers", "base": "data/base"},
            "published": [],
            "sequence": None,
            "pairs": None,
        },
        "canvas_objects": None,
    },
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with a small data set, checkpoints of the published keys, a base of random weights and answer sets of others."""
    clone = clone_to(tmp_path_factory.mktemp("canvas") / "le the")
    data = clone.folder / "data/unlearncanvas"
    write_folder(data / "images")
    for name, attribute in (("style50", "style"), ("style50_cls", "object")):
        write_checkpoint(data / f"{name}.pth", attribute)
    words = f"a image in style . photo art artwork picture of by {' '.join((*THEMES, *OBJECTS))}".split()
    make_tiny_pipeline(data / "style50", words=words)
    write_answers(clone.folder / "data/answers", ["Mosaic", "Cartoon"], SEEDS)
    write_answers(clone.folder / "data/base", [], SEEDS, photo="Photo")
    return clone


def overlay(clone: Clone, name: str, changes: dict[str, Any]) -> str:
    config = yaml.safe_load((ROOT / PAPER).read_text())
    update_config(config, changes)
    (clone.folder / name).write_text(yaml.safe_dump(config, sort_keys=False))
    return name


def test_the_whole_is_planned_without_the_heavy_data(world: Clone) -> None:
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = world.snakemake("-n", "-c1", "--quiet", "rules", "--", "canvas", config=PAPER)
    jobs = planned_jobs(output)
    assert sum(jobs.values()) < 8000 and jobs["unlearn"] == jobs["generate"] == jobs["score"]
    assert jobs["evaluator_published"] == 2 and jobs["canvas_ledger"] == 2
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert spent.ru_utime + spent.ru_stime - begin.ru_utime - begin.ru_stime < 25  # seconds


def test_a_small_world_of_the_published_form_runs(world: Clone) -> None:
    config = overlay(world, "small.yaml", SMALL)
    world.snakemake("-c2", OTHERS, config=config)  # of others, before there is any model
    assert not (world.folder / "results/small/base").exists() and not (world.folder / "results/small/sources").exists()
    others = pd.read_csv(world.folder / OTHERS).set_index(["method", "protocol"])
    assert others.loc[("theirs", "released"), ["ua", "ira", "cra", "ua_minus_base"]].tolist() == [0.5, 1.0, 1.0, 0.5]

    world.snakemake("-c2", *PRODUCTS, FILES, config=config)
    table = pd.read_csv(world.folder / PRODUCTS[0])
    assert set(table["method"]) == {"base", "none", "uce", "theirs"} and set(table["kind"]) == {"style"}
    gates = {gate["gate"]: gate for gate in json.loads((world.folder / PRODUCTS[1]).read_text())}
    assert gates["canvas_judges_know_real_images"]["value"] == 1.0 and gates["canvas_none_is_the_base"]["holds"]
    names = sorted(path.name for path in (world.folder / FILES).glob("interferences_*"))
    assert names == [f"interferences_caused_by_{style}_uce_small.json" for style in ("Cartoon", "Mosaic")]


def test_a_broken_picture_is_refused_by_name(world: Clone) -> None:
    config = overlay(world, "broken.yaml", update(SMALL, {"world": "broken"}))
    file = world.folder / "data/unlearncanvas/images/Mosaic/Trees/3.jpg"
    whole = file.read_bytes()
    file.write_bytes(b"broken")
    output = world.snakemake("-c1", "results/broken/sources/canvas.tar", config=config, check=False)
    file.write_bytes(whole)
    assert output.startswith("exit 1") and "Mosaic/Trees/3.jpg: not a readable JPEG" in output


def update(whole: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(whole))
    update_config(copy, changes)
    return copy


def test_a_folder_that_is_not_there_is_named_by_its_key(world: Clone) -> None:
    config = overlay(world, "absent.yaml", {"tasks": {"canvas": {"source_options": {"path": "data/unlearncanvas/image"}}}})
    output = world.snakemake("-n", "-c1", "results/canvas_paper/sources/canvas.tar", config=config, check=False)
    assert (
        "tasks.canvas.source_options.path: 'data/unlearncanvas/image' does not exist" in output
        and "did you mean 'images'" in output
    )
