"""The section `unlearncanvas`: held against its task, and what it leads to."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.workflow.test_cells_plan import EVALUATORS, OWN, ROOT, TOY

from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.workflow.plan import Plan
from lethe.workflow.start import plan_of

CANVAS = {
    "style": "colour",
    "object": "shape",
    "photo": "blue",
    "judges": [{"style": "colour", "object": "shape"}],
}


def plan(section: dict[str, Any], task: dict[str, Any] | None = None, evaluators: dict[str, Any] | None = None) -> Plan:
    import yaml

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for entry in (*config["bases"].values(), *config["evaluators"].values()):
        entry["source"] = "train"
    config["tasks"] |= {"toy": TOY | {"metrics": ["clip", "colour", "shape"]} | (task or {})}
    config["bases"] |= {"toy": {"source": "train", "vae": "toy_vae", "tokenizer": "toy_words"}}
    config["evaluators"] |= EVALUATORS | {"shape": {**OWN, "kind": "classifier", "attribute": "shape"}} | (evaluators or {})
    config["unlearncanvas"] |= {"toy": section}
    return plan_of(config, (), ROOT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"style": "color"}, "unlearncanvas.toy.style: 'color' is no attribute of task 'toy'; .* did you mean 'colour'"),
        ({"photo": "red"}, "unlearncanvas.toy.photo: 'red' is emitter 0 of task 'toy'; allowed: a value that is never forgotten"),
        (
            {"judges": [{"style": "colour", "object": "shapes"}]},
            "judges.0.object: 'shapes' is no classifier of task 'toy'.*'shape'",
        ),
        (
            {"judges": [{"style": "shape", "object": "shape"}]},
            r"judges.0.style: 'shape' tells 'shape' \(evaluators.shape.attribute\)",
        ),
        ({"judges": []}, "unlearncanvas.toy.judges: "),
        ({"object": "colour"}, "object: 'colour' is the style too"),
        ({"protocols": ["cuig"]}, "`cuig` goes with `retained`"),
        (
            {"protocols": ["cuig"], "retained": {"style": ["red"], "object": ["box"]}},
            "retained.style: 'red' is forgotten by emitter 0",
        ),
        ({"protocols": ["paper"]}, "unlearncanvas.toy.protocols"),
        ({"judge": 1}, "unknown key 'judge'.*'judges'"),
    ],
)
def test_a_fault_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        plan(CANVAS | change)


def test_a_judge_must_judge_every_image() -> None:
    with pytest.raises(SettingsError, match=r"judges.0.object: 'shape' is not in tasks.toy.metrics"):
        plan(CANVAS, task={"metrics": ["clip", "colour"]})


def test_a_section_without_its_task_says_how_to_do_without() -> None:
    with pytest.raises(
        SettingsError, match=r"unlearncanvas.toi: no task of cells is called 'toi'.*'toy'.*unlearncanvas: \{toi: null\}"
    ):
        made = plan(CANVAS)
        plan_of(made.settings.model_dump(mode="json") | {"unlearncanvas": {"toi": CANVAS}}, (), ROOT)


def test_products_follow_from_the_section() -> None:
    made, toy = plan(CANVAS), Values(task="toy")
    names = {file.rpartition("/")[2] for file in made.canvas.products(["toy", "objects"])}
    figures = ("samples", "main", "forget_retain", "confusion", "matrix", "grid")
    drawn = {f"unlearncanvas_{name}_toy{'_000' if name == 'grid' else ''}.png" for name in figures} | {
        "unlearncanvas_grid_toy_001.png"
    }
    assert names == drawn | {"unlearncanvas_gates_toy.json", "unlearncanvas_toy.html"} | {
        f"unlearncanvas_{name}_toy.csv" for name in ("accuracy", "concepts", "confusion", "agreement", "cost")
    }
    assert set(made.canvas.products(["toy"])) <= set(made.products(["toy"]))
    kept = plan(CANVAS, evaluators={"colour": {**EVALUATORS["colour"], "features": True}})
    assert "<results>/tables/unlearncanvas_distribution_toy.csv" in kept.canvas.products(["toy"])
    assert (
        kept.bases.evaluator_settings(toy)["colour"]["features"] and "features" not in kept.bases.evaluator_settings(toy)["shape"]
    )
    assert made.canvas.judge_names(toy) == ["colour", "shape"]
    assert [file.rpartition("/")[2] for file in made.canvas.judge_records(toy)] == ["colour.json", "shape.json"]
    assert made.canvas.retrained(toy) == []  # no emitter of the task is retrained


def test_published_numbers_are_asked_for_by_name() -> None:
    made = plan(CANVAS | {"published": ["table2", "followups"]})
    assert "<results>/tables/unlearncanvas_ledger_toy.csv" in made.canvas.products(["toy"])
    assert [file.name for file in made.canvas.references(Values(task="toy"))] == [
        "unlearncanvas_table2.csv",
        "unlearncanvas_followups.csv",
    ]
    with pytest.raises(
        SettingsError, match=r"unlearncanvas.toy.published.0: no file .*there are: followups, style_transfer, table2.*'table2'"
    ):
        plan(CANVAS | {"published": ["table_2"]}).canvas.references(Values(task="toy"))


def with_transfer(pictures: int) -> Plan:
    import yaml

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["tasks"]["canvas"]["source_options"]["transfer"] = pictures
    return plan_of(config, (), ROOT)


@pytest.mark.parametrize(("pictures", "split"), [(20, "transfer"), (4, "transfer"), (0, "reference")])
def test_style_transfer_takes_the_pictures_that_are_kept_for_it(pictures: int, split: str) -> None:
    found = with_transfer(pictures).edits.held_out(Values(task="canvas"))
    assert found == {"tar": f"<results>/sources/canvas_{split}.tar", "index": f"<results>/sources/canvas_{split}.parquet"}


def test_too_few_pictures_for_style_transfer_are_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"canvas.style_transfer: 2 contents and 2 references need 4 pictures of a cell; .*transfer: 3"
    ):
        with_transfer(3)
