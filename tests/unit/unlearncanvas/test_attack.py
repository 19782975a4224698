"""Attacks on models of UnlearnCanvas: the table from hand-made rows, the section, the plan, and the job on the shipped base."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter
from tests.unit.unlearncanvas.canvas_answers import JUDGES, canvas, scores
from tests.unit.unlearncanvas.test_jobs import ASSETS, CELLS, SETTINGS, _part
from tests.unit.unlearncanvas.test_plan import CANVAS, plan

from lethe.benchmarks.unlearncanvas.plan.attacks import CanvasAttacks
from lethe.benchmarks.unlearncanvas.templates import attack as template
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, JudgedParameters
from lethe.diffusion.attacks.judged import JudgeMetrics, judged
from lethe.diffusion.attacks.table import EVERY, PROMPT, RANDOM, VECTORS, WORDS, Target, attack_table
from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.jobs.attack import attack
from lethe.diffusion.jobs.base_folder import write_base
from lethe.diffusion.jobs.evaluator_folder import write_evaluator
from lethe.diffusion.metrics.studio import StudioSettings
from lethe.diffusion.plan.models import Models
from lethe.diffusion.plan.studios import Studios
from lethe.diffusion.sources.canvas import RenderedCanvas
from lethe.diffusion.sources.pack import pack_images
from lethe.diffusion.testbed.receivers import Emitter, emitter_records, receiver_records
from lethe.figures.style import save
from lethe.io.tables import read_parquet, write_json
from lethe.planning.targets import Values
from lethe.settings.attack import Attack
from lethe.settings.errors import SettingsError
from lethe.settings.tasks import CellEmitter
from lethe.statistics.resampling import Inference

OF = canvas(("a", "", "photo"), ("", "x", "y"), ("a", "x", ""))
TARGETS = [Target(concept.name, concept.kind) for concept in OF.concepts]
INFERENCE = Inference(bootstrap=200)


def outcome(
    method: str, attack_of: str, successes: list[list[float]], model: str = "own", steps: int = 0, concept: int = 0
) -> pd.DataFrame:
    """Success to the first judge of every cell (rows) and picture; the second one sees the target nowhere."""
    return pd.DataFrame(
        {
            "task": "t", "method": method, "concept": concept, "model": model, "attack": attack_of, "steps": steps, "cell": cell,
            "picture": str(picture), "seed": 1, "words": "", "tried": 1, "loss": 0.1 * (picture + 1),
            "success_1": value, "success_2": 0.0, "other_1": 1.0, "other_2": np.nan,
        }
        for cell, own in enumerate(successes)
        for picture, value in enumerate(own)
    )  # fmt: skip


ALL, NONE = [[1.0, 1.0]] * 3, [[0.0, 0.0]] * 3


def table(*parts: pd.DataFrame) -> pd.DataFrame:
    return attack_table(pd.concat(parts, ignore_index=True), TARGETS, INFERENCE, "none", "retrain")


def test_the_difference_to_the_retrained_model_is_paired_by_cell() -> None:
    retrain, esd = [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]], [[0.5, 0.5], [1.0, 1.0], [1.0, 2.0]]
    found = table(outcome("none", VECTORS, ALL), outcome("retrain", VECTORS, retrain), outcome("esd", VECTORS, esd))
    row = found.set_index("method").loc["esd"]
    assert (row["n"], row["images"], row["name"], row["kind"]) == (3, 6, "a", "style")
    assert row["success_1"] == pytest.approx(2 / 3 + 1 / 3) and row["loss"] == pytest.approx(0.15)
    # every cell gains one half, so the interval of the difference has no width, whereas that of both has
    assert [row[f"success_1_minus_retrained{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.5] * 3)
    assert row["success_1_low"] < row["success_1"] < row["success_1_high"]
    assert row["success_2"] == 0.0 and row["other_1"] == 1.0 and np.isnan(row["other_2"])
    assert found.set_index("method").loc["retrain", "success_1_minus_retrained"] == 0.0


def test_a_row_is_there_only_where_the_base_can_do_it() -> None:
    broken = [[1.0, 1.0], [1.0, 1.0], [1.0, 0.5]]  # a mean of .917
    found = table(
        *(outcome("none", kind, values) for kind, values in ((VECTORS, ALL), (RANDOM, broken))),
        *(outcome(method, kind, NONE) for method in ("retrain", "esd") for kind in (VECTORS, RANDOM)),
        outcome("esd", WORDS, ALL),  # none was not attacked so
        outcome("esd", VECTORS, ALL, concept=1),
    )
    assert found[["concept", "attack", "method"]].to_numpy().tolist() == [
        [0, VECTORS, "none"], [0, VECTORS, "retrain"], [0, VECTORS, "esd"], [0, RANDOM, "none"],
    ]  # fmt: skip


def test_a_model_that_forgot_another_concept_stands_apart() -> None:
    found = table(
        outcome("none", VECTORS, ALL, steps=9), outcome("retrain", VECTORS, NONE, steps=9),
        outcome("esd", VECTORS, ALL, "another", 9), outcome("esd", VECTORS, NONE, steps=9),
    ).set_index(["method", "model"])  # fmt: skip
    assert found.loc[("esd", "another"), "success_1"] == 1.0 and found.loc[("esd", "own"), "success_1"] == 0.0
    assert np.isnan(found.loc[("esd", "another"), "success_1_minus_retrained"])


def test_without_a_retrained_model_there_is_no_difference() -> None:
    rows = pd.concat([outcome("none", VECTORS, ALL), outcome("esd", VECTORS, [[0.0, 1.0]] * 3)], ignore_index=True)
    found = attack_table(rows, OF.concepts, INFERENCE, "none", None).set_index("method")
    assert found.loc["esd", "success_1"] == 0.5 and found["success_1_minus_retrained"].isna().all()
    asked = JudgedParameters(task="t", methods=("esd", "none"))
    result = template.compute(asked, CanvasData({"attack": found.reset_index()}, {}, OF, "default", ()), INFERENCE)
    figure = template.draw(result, asked, {})
    assert "may be taught by the attack" in figure.get_suptitle()
    assert not [text for text in figure.legends[0].get_texts() if "all were tried" in text.get_text()]


@pytest.mark.parametrize("concept", range(3))
def test_success_by_metrics_is_what_judges_see_in_covered_cells(concept: int) -> None:
    """A covered cell asks for what is forgotten, so a judge that sees what was asked for sees it, and the other attribute likewise."""
    lost = {("a", "x", 1), ("a", "z", 2)}  # seen as b
    seen = scores(lost, {("a", "x", 1), ("b", "x", 2)})
    seen = seen[np.isin(seen["receiver"], OF.concepts[concept].covers)]
    cells, of = seen["receiver"].to_numpy(), OF.concepts[concept]
    asked = [JudgeMetrics(**entry) for entry in _asked(of.kind)]
    found = judged(seen, asked)
    for number, judge in enumerate(JUDGES):
        style, thing = (seen[f"{metric}_pred"].to_numpy() for metric in (judge.style, judge.object))
        told = {"style": style == of.style, "object": thing == of.object}
        right = {"style": style == OF.styles[cells], "object": thing == OF.objects[cells]}
        named = ("style", "object") if of.kind == "pair" else (of.kind,)
        assert (found.success[number] == np.logical_and.reduce([told[key] for key in named])).all()
        rest = [right[key] for key in right if key not in named]
        assert (found.other[number] == rest[0]).all() if rest else np.isnan(found.other[number]).all()
    assert 0 < found.success[0].mean() < 1 and found.success[1].mean() == 1


def _asked(kind: str) -> list[dict[str, list[str]]]:
    """What the plan gives for a concept of a kind."""
    covers = {"style": {"style": "mosaic"}, "object": {"object": "fish"}}
    of = CellEmitter(covers=covers.get(kind, {"style": "mosaic", "object": "fish"}))
    task = SETTINGS.cell_tasks["canvas"].model_copy(update={"emitters": [of], "tuning_emitters": [], "retrain_emitters": []})
    settings = SETTINGS.model_copy(update={"tasks": {"canvas": task}})
    made = CanvasAttacks(settings, Models(settings, ASSETS.parents[1] / "config/methods/diffusion"))
    assert made.kinds(Values(task="canvas")) == [kind]
    return made.asked("canvas", 0)


def test_the_figure_draws_every_row(tmp_path: Path) -> None:
    parts = [
        outcome("none", kind, ALL, steps=steps)
        for kind, steps in ((PROMPT, 0), (VECTORS, 0), (VECTORS, 9), (RANDOM, 0), (WORDS, 4), (EVERY, 0))
    ]
    parts += [
        outcome("esd", kind, [[0.0, 1.0]] * 3, steps=steps)
        for kind, steps in ((PROMPT, 0), (VECTORS, 0), (VECTORS, 9), (WORDS, 4))
    ]
    parts += [outcome("esd", EVERY, ALL), outcome("esd", RANDOM, NONE), outcome("esd", VECTORS, ALL, "another", 9)]
    found = table(*parts, outcome("retrain", VECTORS, NONE, steps=9))
    asked = JudgedParameters(task="t", methods=("esd", "none", "retrain"))
    result = template.compute(asked, CanvasData({"attack": found}, {}, OF, "default", ()), INFERENCE)
    assert len(result.rows) == len(found) == 14
    assert list(dict.fromkeys(result.table["method"])) == ["none", "retrain", "esd"]
    second = template.compute(
        JudgedParameters(task="t", methods=("esd",), judge=2), CanvasData({"attack": found}, {}, OF, "", ()), INFERENCE
    )
    assert set(second.table["success"]) == {0.0} and set(second.table["method"]) == {"esd"}
    figure = template.draw(result, asked, {})
    upper, lower = figure.axes
    assert [text.get_text() for text in upper.get_xticklabels()] == ["prompt\nalone", "0", "9", "9,\nanother\nforgotten"]
    assert sorted(patch.get_width() for patch in lower.patches) == [1.0, 1.0]
    save(figure, tmp_path / "attack.png")


# --- section and plan ---

SOURCE = {
    "source": "canvas",
    "source_options": {},
    "attributes": ["style", "object"],
    "prompt_style": "A {object} image in {style} style.",
}
ATTACK = {"concepts": [0], "methods": ["uce"]}
PLAIN = SETTINGS.unlearncanvas["canvas"].model_dump(mode="json") | {"demo": [], "sequence": None, "pairs": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["uze"]}, "unlearncanvas.canvas.attack.methods.0: 'uze' does not run on the task; .*did you mean 'uce'"),
        (
            {"concepts": [2]},
            r"attack.concepts.0: no model is retrained without emitter 2; allowed: tasks.canvas.retrain_emitters: 0, 1, 6, 7",
        ),
        (
            {"methods": ["uce", "seot"]},
            "attack.methods.1: models of 'seot' act while an image is drawn and have no weights; allowed: none, ",
        ),
        ({"pictures": 2}, "attack.pictures"),
        ({"vectors": {"steps": [9, 3]}}, r"attack.vectors: steps: \[9, 3\]; allowed: numbers that rise"),
        ({"word": {}}, "unknown key 'word'.*'words'"),
    ],
)
def test_a_fault_of_the_section_is_named(change: dict[str, Any], message: str) -> None:
    made = SETTINGS.unlearncanvas["canvas"].model_dump(mode="json")
    with pytest.raises(SettingsError, match=message):
        _with(made | {"attack": ATTACK | change})


def test_where_nothing_is_retrained_every_reported_concept_can_be_attacked() -> None:
    task = {"retrain_emitters": [], "methods": ["none", "uce"]}
    made = _with(PLAIN | {"attack": ATTACK | {"concepts": [2, 9]}}, task)
    assert len(made.attacks.of_task(Values(task="canvas"))) == 2 * 2
    assert made.attacks.references(Values(task="canvas")) == {"unchanged": "none"}
    with pytest.raises(
        SettingsError, match="attack.concepts.1: 10 is no emitter of task 'canvas' that is reported; allowed: 0 to 9"
    ):
        _with(PLAIN | {"attack": ATTACK | {"concepts": [2, 10]}}, task)


def test_a_source_without_pictures_for_attacks_is_refused() -> None:
    with pytest.raises(
        SettingsError,
        match="unlearncanvas.toy.attack: the source of task 'toy' keeps no images apart for attacks; it keeps: none",
    ):
        plan(CANVAS | {"attack": ATTACK}, {"retrain_emitters": [0], "methods": ["uce", "retrain"]})


def _with(section: dict[str, Any], task: dict[str, Any] | None = None) -> Any:
    import yaml

    from lethe.workflow.start import plan_of

    config = yaml.safe_load((ASSETS.parents[1] / "config/config.yaml").read_text())
    config["unlearncanvas"]["canvas"] = section
    config["tasks"]["canvas"] |= task or {}
    return plan_of(config, (), ASSETS.parents[1])


def test_the_plan_has_the_references_and_models_that_forgot_another_concept() -> None:
    made = _with(SETTINGS.unlearncanvas["canvas"].model_dump(mode="json") | {"attack": {"concepts": [0, 6], "methods": ["uce"]}})
    task = Values(task="canvas")
    files = [file.rpartition("attack_canvas_")[2] for file in made.attacks.of_task(task)]
    assert files == [f"{concept}_{method}.parquet" for concept in ("000", "006") for method in ("none", "retrain", "uce")]
    names = {
        (c, m): made.attacks.names(Values(task="canvas", concept=c, method=m))
        for c in ("000", "006")
        for m in ("none", "retrain", "uce")
    }
    assert names["000", "none"] == ["canvas_000_none_000"]
    assert names["000", "retrain"] == ["canvas_000_retrain_000", "canvas_001_retrain_000"]
    assert names["006", "uce"] == ["canvas_006_uce_000", "canvas_007_uce_000"]
    assert made.attacks.references(task) == {"unchanged": "none", "retrained": "retrain"}
    assert list(made.attacks.studio(task)["evaluators"]) == ["style", "object", "style2", "object2"]
    assert made.attacks.products == [
        "<results>/tables/unlearncanvas_attack_canvas.csv",
        "<results>/figures/unlearncanvas_attack_canvas.png",
    ]
    assert not set(made.attacks.products) & set(made.canvas.products(["canvas"]))
    assert "attack" not in made.canvas.settings(task)  # other tables are not made anew when attacks change
    _, asked = next(f for f in made.figures.forms if f.name == "unlearncanvas_attack").asked(task)
    assert asked.methods == ("none", "retrain", "uce")


# --- the job ---


def test_an_attack_on_the_base_recovers_what_is_there(tmp_path: Path) -> None:
    """Four cells, few steps; the base never forgot the mosaic, so everything succeeds, also with the one word that is searched for."""
    mosaic = Emitter(0, "mosaic", (2, 3), (CELLS[2].prompt, CELLS[3].prompt), {2: CELLS[0].prompt, 3: CELLS[1].prompt})
    of_base = SETTINGS.pretraining_of(SETTINGS.bases["canvas"])
    write_base(_part("canvas_vae"), _part("base_canvas"), ASSETS / "canvas_tokenizer.json", tmp_path / "base", of_base)
    for name in ("style", "object"):
        write_evaluator(_part(name), tmp_path / name, "classifier", SETTINGS.pretraining_of(SETTINGS.evaluators[name]))
    write_json(tmp_path / "receivers.json", receiver_records(CELLS))
    write_json(tmp_path / "emitters.json", emitter_records([mosaic]))
    world = RenderedCanvas(training=1, attack=3)
    pack_images([cell.name for cell in CELLS], partial(world.split, split="attack"), tmp_path / "a.tar", tmp_path / "a.parquet")
    NoneDelta().save(tmp_path / "delta.safetensors", base_digest(tmp_path / "base"))
    small = {"concepts": [0], "methods": ["none"], "seeds": 1, "rows": 1}
    small |= {"vectors": {"steps": [0, 1]}, "words": {"count": 1, "steps": 1, "cells": 1}}
    given: dict[str, Any] = {
        "base": tmp_path / "base", "receivers": tmp_path / "receivers.json", "emitters": tmp_path / "emitters.json",
        "tar": tmp_path / "a.tar", "index": tmp_path / "a.parquet", "deltas": [tmp_path / "delta.safetensors"] * 2,
        "evaluators": [tmp_path / "style", tmp_path / "object"], "task": "canvas", "method": "none", "concept": 0,
        "judges": [JudgeMetrics(["style"], ["object"])], "seed": 0, "threads": 1,
        "settings": TypeAdapter(StudioSettings).validate_python(Studios(SETTINGS).settings("canvas", [188], ["style", "object"])),
    }  # fmt: skip
    attack(**given, attacks=Attack.model_validate(small), outcome=tmp_path / "found.parquet")
    found = read_parquet(tmp_path / "found.parquet")
    counts = found.groupby(["model", "attack", "steps"]).size().to_dict()
    assert counts == {
        ("own", PROMPT, 0): 6, ("own", VECTORS, 0): 6, ("own", VECTORS, 1): 6, ("own", RANDOM, 0): 3, ("own", WORDS, 1): 3,
        ("own", EVERY, 0): 1, ("another", PROMPT, 0): 6, ("another", VECTORS, 1): 6,
    }  # fmt: skip
    assert found["success_1"].mean() >= 0.95 and set(found["cell"]) == {2, 3}
    assert not found["words"].str.contains("mosaic").any()
    (every,) = found[found["attack"] == EVERY].to_dict("records")
    assert every["success_1"] == 1.0 and every["tried"] > 10 and len(every["words"].split()) == 1
    given["tar"], given["index"] = tmp_path / "b.tar", tmp_path / "b.parquet"
    pack_images(
        [cell.name for cell in CELLS],
        partial(RenderedCanvas(training=1, attack=2).split, split="attack"),
        given["tar"],
        given["index"],
    )
    with pytest.raises(ValueError, match="b.tar: 'mosaic_boat' has 2 pictures for attacks, `pictures` asks for 3"):
        attack(**given, attacks=Attack.model_validate(small), outcome=tmp_path / "none.parquet")
