"""A task of cells in the plan: a task with parts of its own changes no other, and what a task has of its own reaches its jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lethe.diffusion.plan.models import Models
from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.workflow.asked import asked_by
from lethe.workflow.plan import Plan
from lethe.workflow.start import plan_of

ROOT = Path(__file__).parents[3]
TOY = {
    "kind": "cells",
    "source": "folder",
    "source_options": {"path": "toy"},
    "base": "toy",
    "prompt_style": "An image of a {colour} {shape}",
    "attributes": ["colour", "shape"],
    "emitters": [{"covers": {"colour": "red"}, "overwrite": {"colour": "blue"}}, {"covers": {"shape": "disc"}}],
    "metrics": ["clip", "colour"],
    "generation": {"seeds": [1, 2], "guidance": 9.0},
}
OWN = {"source": "train", "tasks": ["toy"]}
EVALUATORS = {
    "toy_clip": {**OWN, "kind": "clip", "tokenizer": "toy_words"},
    "toy_backbone": {**OWN, "kind": "backbone"},
    "colour": {**OWN, "kind": "classifier", "attribute": "colour"},
}


def plan(toy: dict[str, Any] | None, evaluators: dict[str, Any] = EVALUATORS) -> Plan:
    """Of config/config.yaml where everything is trained, with a task of cells or without."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for entry in (*config["bases"].values(), *config["evaluators"].values()):
        entry["source"] = "train"
    if toy:
        config["tasks"] |= {"toy": toy}
        config["bases"] |= {"toy": {"source": "train", "vae": "toy_vae", "tokenizer": "toy_words"}}
        config["evaluators"] |= evaluators
    return plan_of(config, (), ROOT)


def trained_on(made: Plan, **wildcards: str) -> tuple[list[str], dict[str, str]]:
    asked = Values(wildcards)
    return made.bases.sources(asked), made.bases.styles(asked)


def test_a_task_with_parts_of_its_own_changes_no_other() -> None:
    """Every part is trained on the same images and captions, and every job of another task gets the same."""
    made, before = plan(TOY), plan(None)
    parts = [*({"evaluator": name} for name in before.settings.evaluators), *({"base": name} for name in before.settings.bases)]
    for part in ({"vae": "vae"}, {"tokenizer": "tokenizer"}, *parts):
        assert trained_on(made, **part) == trained_on(before, **part), part
    for task in before.tasks:
        asked = Values(task=task, base=task, method="distil")
        for function in ("generation", "scoring", "image_size", "noise"):
            assert getattr(made, function)(asked) == getattr(before, function)(asked)
        for function in ("evaluators", "evaluator_settings", "vae_of", "tokenizer_of", "judges_of", "tokenizer", "no_membership"):
            given = task if function == "no_membership" else asked
            assert getattr(made.bases, function)(given) == getattr(before.bases, function)(given), function
        assert made.products([task]) == before.products([task])
        assert asked_by(made.settings, made.models.runnable, asked) == asked_by(before.settings, before.models.runnable, asked)
    assert set(before.bases.all_parts) < set(made.bases.all_parts)
    assert trained_on(made, vae="toy_vae")[1] == trained_on(made, evaluator="colour")[1] == {"toy": TOY["prompt_style"]}


def test_what_a_task_has_of_its_own_reaches_its_jobs() -> None:
    made, toy = plan(TOY), Values(task="toy")
    assert made.generation(toy) == made.settings.generation.model_dump() | {"seeds": [1, 2], "guidance": 9.0}
    assert made.scoring(toy)["metrics"] == ["clip", "colour"]
    assert made.bases.evaluators(toy) == [f"<results>/evaluators/{name}" for name in EVALUATORS]
    assert made.bases.of_kind("clip")(toy) == "<results>/evaluators/toy_clip"
    assert made.models.names("toy", ["uce"]) == ["toy_000_uce_000", "toy_001_uce_000"]
    products = made.products(["toy"])
    assert "<results>/scores/toy_001_uce_000.parquet" in products
    assert not [file for file in products if "/tables/" in file or "/figures/" in file or "metadata_toy" in file]
    assert not [file for file in made.tables.of_tasks(made.entity_tasks) if "toy" in file]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"prompt_style": "a {color} {shape}"},
            "tasks.toy: prompt_style: 'color' is unknown; allowed: colour, shape; did you mean",
        ),
        ({"prompt_style": "a {shape}"}, "prompt_style: 'a {shape}' lacks {colour}"),
        ({"emitters": [{"covers": {"colur": "red"}}]}, "emitters.0.covers: 'colur' is unknown; .* did you mean 'colour'"),
        (
            {"emitters": [{"covers": {"colour": "red"}, "overwrite": {"colour": "red"}}]},
            "tasks.toy.emitters.0: .* replaced by itself",
        ),
        ({"metrics": ["clip", "color"]}, "tasks.toy.metrics: 'color' is unknown; .* did you mean 'colour'"),
        ({"tuning_emitters": [2]}, "tasks.toy.tuning_emitters: 2 is not an index of 2 emitters"),
        ({"kind": "cell"}, "tasks.toy.kind: Input should be 'cells', got 'cell'; did you mean 'cells'"),
        ({"generation": {"steps": 0}}, "tasks.toy.generation.steps: "),
        ({"shapes": 3}, "tasks.toy.shapes: unknown key 'shapes'; allowed here: .*emitters"),
    ],
)
def test_a_fault_is_named_with_key_value_and_what_is_allowed(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace("{", r"\{")):
        plan(TOY | change)


@pytest.mark.parametrize(
    ("evaluators", "message"),
    [
        ({"other": {**OWN, "kind": "clip"}}, r"evaluators: task 'toy' has 2 of kind clip \(toy_clip, other\); allowed: one"),
        (
            {"other": {**OWN, "attribute": "colours"}},
            "evaluators.other.attribute: 'colours' is no attribute of task 'toy'.*did you mean",
        ),
        (
            {"ssim": {**OWN, "attribute": "colour"}},
            "evaluators.ssim: the metric 'ssim' is no classifier; allowed: judge",
        ),
        ({"other": {**OWN, "metric": "colour"}}, "task 'toy' has 2 classifiers for the metric 'colour'; allowed: one"),
        ({"toy_words": {**OWN, "attribute": "colour"}}, "the part 'toy_words' would be the evaluator toy_words and a tokenizer"),
        ({"other": {**OWN, "tasks": ["toys"]}}, "evaluators.other.tasks: 'toys' is unknown; .* did you mean 'toy'"),
    ],
)
def test_evaluators_and_parts_fit_together(evaluators: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        plan(TOY, EVALUATORS | evaluators)


def test_a_task_of_entities_may_have_a_judge_of_its_own() -> None:
    """The shipped judge stays as it is, and the table of the new task has its column."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    mine = {"source": "folder", "source_options": {"path": "x"}, "base": "mine", "prompt_style": "thing", "balance": ["a", "b"]}
    config["tasks"] |= {"mine": mine}
    config["bases"] |= {"mine": {"source": "train"}}
    config["evaluators"] |= {"own": {"source": "train", "tasks": ["mine"], "metric": "judge"}}
    made = plan_of(config, (), ROOT)
    assert made.bases.evaluators(Values(task="mine")) == [f"<results>/evaluators/{name}" for name in ("clip", "backbone", "own")]
    assert made.bases.evaluators(Values(task="people")) == [
        f"<results>/evaluators/{name}" for name in ("clip", "backbone", "judge")
    ]
    assert "judge" in made.scoring(Values(task="mine"))["metrics"] and made.settings.classifiers_of("mine") == ["judge"]


def test_what_a_method_prepares_is_one_file_of_a_task() -> None:
    """Every model of it waits for that file and its record; one of a method that prepares nothing waits for none."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["tasks"]["canvas"]["methods"] = ["none"]
    config["unlearncanvas"]["canvas"] |= {"demo": [], "attack": None, "sequence": None, "pairs": None}
    models = plan_of(config | {"methods": ["none", "uce", "retrain", "sa"]}, (), ROOT).models
    assert models.preparing == ["sa"]
    expected = [f"<results>/prepared/objects_sa.{suffix}" for suffix in ("safetensors", "json")]
    for batch in ("00", "10"):
        assert models.prepared(Values({"task": "objects", "method": "sa", "batch": batch})) == expected
    assert models.prepared(Values({"task": "objects", "method": "uce", "batch": "00"})) == []
    assert plan_of(config, (), ROOT).models.preparing == []


def test_the_control_of_distance_waits_for_the_models_that_it_takes_the_distance_from(tmp_path: Path) -> None:
    """Of the same emitters; and what is no method of the task is refused by name."""
    made = plan_of(yaml.safe_load((ROOT / "config/config.yaml").read_text()), (), ROOT)
    (shape,) = [shape for shape in made.models.shapes("models", methods=["sham"], tasks=["canvas"])]
    batch = Values({"task": "canvas", "batch": "00", "method": "sham", "epochs": "000"})
    expected = [f"<results>/models/canvas_{index:03d}_uce_000/delta.safetensors" for index in range(10)]
    assert made.models.measured(shape)(batch) == expected
    assert made.models.measured(shape)(Values({**dict(batch.items()), "method": "esd"})) == []
    assert "sham" not in made.canvas.costed and "sham" not in made.models.compared
    for of, message in (("uec", "'uec' .*did you mean 'uce'"), ("retrain", "'retrain'"), ("sham", "'sham'"), ("spm", "'spm'")):
        text = (ROOT / "config/methods/diffusion/sham.yaml").read_text().replace("value: uce", f"value: {of}")
        (tmp_path / "sham.yaml").write_text(text)
        models = Models(made.settings, tmp_path)
        with pytest.raises(SettingsError, match=f"of is {message}"):
            models.measured_of("canvas", "sham")


def test_the_table_of_the_drift_is_there_where_models_are_made() -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    table = "<results>/tables/drift_objects.csv"
    assert table in plan_of(config, (), ROOT).tables.of_tasks(["objects"])
    config["archive"] |= {"images": "archive", "record": 18649818}
    assert table not in plan_of(config, (), ROOT).tables.of_tasks(["objects"])


def test_models_without_weights_are_not_asked_about_members(caplog: pytest.LogCaptureFixture) -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    tables = plan_of(config | {"methods": ["uce", "spm"]}, (), ROOT).tables
    breeds = Values(task="breeds")
    names = tables.asked_for_losses(breeds)
    assert names and tables.losses(breeds) == [f"<results>/membership/{name}.parquet" for name in names]
    assert {name.split("_")[2] for name in names} == {"uce"}
    assert caplog.messages == ["tables/membership_breeds.csv: without spm, whose models have no weights"]
    with pytest.raises(SettingsError, match="membership/breeds_..._spm_010.parquet: models of 'spm' .*; allowed: uce$"):
        tables.asked_base(Values(task="breeds", method="spm", epochs="010"))
    assert tables.asked_base(Values(task="breeds", method="uce", epochs="000")) == "<results>/base/breeds"
