"""config/canvas_paper.yaml: its plan over files that have the published form, and the same scaled down, run for real."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from snakemake.utils import update_config
from tests.canvas_world import CHANNELS, OBJECTS, SIDE, THEMES, write_answers, write_checkpoint, write_folder
from tests.tiny_pipeline import make_tiny_pipeline
from tests.workflow.conftest import ROOT, Clone, clone_to, planned_jobs

from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.workflow.start import plan_of

pytestmark = pytest.mark.workflow
PAPER = "config/canvas_paper.yaml"
SEEDS = [188, 288]
PRODUCTS = [
    f"results/small/{name}" for name in ("tables/unlearncanvas_accuracy_canvas.csv", "tables/unlearncanvas_gates_canvas.json")
]
SOURCE = "results/small/sources/canvas.tar"
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
            "attack": None,
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
    """With everything: sequences, pairs and attacks too."""
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = world.snakemake("-n", "-c1", "--quiet", "rules", "--", "canvas", "canvas_robustness", config=PAPER)
    jobs = planned_jobs(output)
    assert sum(jobs.values()) < 8000 and jobs["unlearn"] == jobs["generate"] == jobs["score"]
    assert jobs["evaluator_published"] == 2 and jobs["canvas_ledger"] == 2
    assert (
        jobs["sequence"] == 2 * 4
        and jobs["pairs"] == 5
        and jobs["canvas_attack"] == 2 * 6 * 14
        and jobs["canvas_attack_table"] == 2
    )
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert spent.ru_utime + spent.ru_stime - begin.ru_utime - begin.ru_stime < 25  # seconds


@pytest.fixture(scope="module")
def judged(world: Clone) -> str:
    """What a run says that judges the pictures of others, while one picture of the source is broken."""
    file = world.folder / "data/unlearncanvas/images/Mosaic/Trees/3.jpg"
    whole = file.read_bytes()
    file.write_bytes(b"broken")
    config = overlay(world, "small.yaml", SMALL)
    output = world.snakemake("-c2", "--keep-going", OTHERS, SOURCE, config=config, check=False)
    file.write_bytes(whole)
    return output


def test_a_broken_picture_is_refused_by_name(judged: str) -> None:
    assert judged.startswith("exit 1") and "Mosaic/Trees/3.jpg: not a readable JPEG" in judged


def test_pictures_of_others_are_judged_without_a_model_or_a_source(judged: str, world: Clone) -> None:
    assert not (world.folder / "results/small/base").exists() and not (world.folder / SOURCE).exists()
    others = pd.read_csv(world.folder / OTHERS).set_index(["method", "protocol"])
    assert others.loc[("theirs", "released"), ["ua", "ira", "cra", "ua_minus_base"]].tolist() == [0.5, 1.0, 1.0, 0.5]


def test_a_small_world_of_the_published_form_runs(judged: str, world: Clone) -> None:
    world.snakemake("-c2", *PRODUCTS, FILES, config="small.yaml")
    table = pd.read_csv(world.folder / PRODUCTS[0])
    assert set(table["method"]) == {"base", "none", "uce", "theirs"} and set(table["kind"]) == {"style"}
    gates = {gate["gate"]: gate for gate in json.loads((world.folder / PRODUCTS[1]).read_text())}
    assert gates["canvas_judges_know_real_images"]["value"] == 1.0 and gates["canvas_none_is_the_base"]["holds"]
    names = sorted(path.name for path in (world.folder / FILES).glob("interferences_*"))
    assert names == [f"interferences_caused_by_{style}_uce_small.json" for style in ("Cartoon", "Mosaic")]


def test_a_folder_that_is_not_there_is_named_by_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data/unlearncanvas/images").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / PAPER).read_text()))
    config["tasks"]["canvas"]["source_options"]["path"] = "data/unlearncanvas/image"
    with pytest.raises(
        SettingsError, match="tasks.canvas.source_options.path: 'data/unlearncanvas/image' .*did you mean 'images'"
    ):
        plan_of(config, (), ROOT).data.source_inputs(Values(task="canvas"))
