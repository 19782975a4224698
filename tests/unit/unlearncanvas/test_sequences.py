"""Concepts forgotten one after another: models, what each is asked, what is measured, settings and plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.unlearncanvas.canvas_answers import JUDGES, OBJECTS, SEEDS, STYLES, base_answers, canvas, emitters, scores
from tests.unit.unlearncanvas.test_plan import CANVAS, plan

from lethe.benchmarks.unlearncanvas.answers import answer_set
from lethe.benchmarks.unlearncanvas.sequence_table import UNCHANGED, kept_of, matched_table, sequence_table
from lethe.benchmarks.unlearncanvas.sequences import (
    INDEPENDENT,
    MERGED,
    RETRAINED,
    SEQUENTIAL,
    Model,
    as_many_steps,
    asked,
    asked_now,
    earlier,
    joined,
    models_of,
    without,
)
from lethe.benchmarks.unlearncanvas.templates import sequence
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, JudgedParameters
from lethe.diffusion.methods.base import UnlearnData
from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.settings.sequences import PUBLISHED
from lethe.statistics.resampling import Inference

INFERENCE = Inference(permutations=99, bootstrap=50)
TWO = canvas(("a", "", "photo"), ("b", "", "photo"))  # c is never forgotten
STYLE_AND_OBJECT = (("a", "", "photo"), ("", "x", "y"))
SEQUENCE = {"forget": ["red", "green"], "methods": ["uce"]}
BLUE = {"colour": "blue"}
TASK = {"emitters": [{"covers": {"shape": "box"}}, *({"covers": {"colour": c}, "overwrite": BLUE} for c in ("green", "red"))]}


def of_style(*styles: str) -> set[tuple[str, str, int]]:
    return {(style, thing, seed) for style in styles for thing in OBJECTS for seed in SEEDS}


def drawn(arm: str, step: int, strength: float, *wrong: Any) -> pd.DataFrame:
    table = answer_set(TWO, scores(*wrong), JUDGES, "m")
    return table.assign(arm=arm, step=step, strength=strength, drift=1.0, seconds=1.0)


def base() -> pd.DataFrame:
    return base_answers(TWO).assign(arm=UNCHANGED, step=0, strength=1.0, drift=np.nan, seconds=np.nan)


# --- which models ---


def test_every_model_comes_after_those_that_it_is_made_from() -> None:
    models = models_of(3, [0.5])
    assert len(models) == len(set(models)) == 3 + 3 * (3 + 1) and len({model.name for model in models}) == len(models)
    place = {model: number for number, model in enumerate(models)}
    for model in models:
        if model.strength != 1:
            assert place[model._replace(strength=1.0)] < place[model]
        if model.arm == MERGED:
            assert all(place[Model(INDEPENDENT, k)] < place[model] for k in range(1, model.step + 1))
    assert Model(SEQUENTIAL, 1).made_as == Model(INDEPENDENT, 1) and Model(SEQUENTIAL, 2).made_as == Model(SEQUENTIAL, 2)
    assert list(asked(SEQUENTIAL, 3)) == [0, 1, 2] and list(asked(INDEPENDENT, 3)) == [2] and list(asked(UNCHANGED, 0)) == []


def test_what_is_forgotten_takes_no_place() -> None:
    """x is led to y; once y is forgotten too, and led to z, so is x."""
    first, second = emitters(("", "x", "y"), ("", "y", "z"))
    both, now = joined([first, second]), asked_now([second, first])
    assert both.covers == tuple(sorted((*first.covers, *second.covers))) and both.index == second.index
    for emitter, cells in ((both, both.covers), (now, first.covers)):
        assert set(emitter.overwrite) == set(cells) and all(text.startswith("z in ") for text in emitter.overwrite.values())
    assert set(first.overwrite.values()) != set(now.overwrite.values()) and now.index == first.index
    with pytest.raises(ValueError, match="take each other's place: x in photo, y in photo;"):
        joined(emitters(("", "x", "y"), ("", "y", "x")))


def test_a_style_then_an_object_meet_in_one_cell() -> None:
    """There both take their places, and its images are those of what is forgotten now."""
    style, thing = emitters(*STYLE_AND_OBJECT)
    (cell,) = set(style.covers) & set(thing.covers)
    both, now = joined([style, thing]), asked_now([style, thing])
    assert both.overwrite[cell] == now.overwrite[cell] == "y in photo" and now.covers == thing.covers
    assert {both.overwrite[c] for c in style.covers} == {"y in photo", "z in photo"}
    assert earlier([style, thing]) == set(style.covers) - {cell} and earlier([thing]) == set()


def test_images_of_what_was_forgotten_before_are_not_retained() -> None:
    data = UnlearnData(torch.arange(4.0).reshape(4, 1, 1, 1), torch.tensor([0, 1, 2, 1]), {0: "p", 1: "q", 2: "r"})
    kept = without(data, [1])
    assert kept.receivers.tolist() == [0, 2] and kept.latents.flatten().tolist() == [0, 2] and kept.prompts == data.prompts
    assert as_many_steps({"steps": 20, "e": 1}, 3) == {"steps": 60, "e": 1} and as_many_steps({"e": 1}, 3) == {"e": 1}


# --- what is measured ---


def test_every_concept_has_a_ua_after_every_step() -> None:
    """Step 1 was asked for a and lost b with it; an image of c lost its style, another one its object."""
    lost, other = of_style("a", "b") | {("c", "x", 1)}, {("c", "y", 2), ("a", "x", 1)}
    table = pd.concat([base(), drawn(SEQUENTIAL, 1, 1.0, lost, other), drawn(INDEPENDENT, 2, 1.0, of_style("b"))])
    kept = kept_of(TWO, TWO.concepts, (), ())
    assert kept.own == ("c",) and kept.cross == OBJECTS
    found = sequence_table("t", table, TWO, TWO.concepts, kept, INFERENCE)
    first = found[found["judge"] == 1].set_index(["arm", "step"])
    row = first.loc[(SEQUENTIAL, 1)]
    assert (row["ua_a"], row["ua_b"], row["asked"], row["ua_asked"]) == (1, 1, 1, 1)
    assert row["ira"] == pytest.approx(5 / 6) and row["cra"] == pytest.approx(5 / 6)
    assert row["other_on_forgotten"] == pytest.approx(5 / 6), "of a, not of b, which nobody asked for"
    assert row["photo_kept"] == 1 and row["cra_low"] < row["cra"] and np.isnan(row["ira_low"]), "one kept style has no interval"
    alone = first.loc[(INDEPENDENT, 2)]
    assert (alone["ua_a"], alone["ua_b"], alone["ua_smallest"]) == (0, 1, 1)
    assert np.isnan(first.loc[(UNCHANGED, 0), "ua_asked"]) and first.loc[(UNCHANGED, 0), "ira"] == 1
    assert (found[found["judge"] == 2][["ua_a", "ua_b"]] == 0).all(axis=None), "the second judge sees what was asked for"
    with pytest.raises(ValueError, match="no cell has the style 'd'"):
        kept_of(TWO, TWO.concepts, ("d",), ())
    with pytest.raises(ValueError, match="the sequence leaves no style by which retention is measured"):
        kept_of(TWO, canvas(*((style, "", "photo") for style in "abc")).concepts, (), ())


def test_after_styles_and_objects_each_attribute_is_kept_for_itself() -> None:
    """Kept are b, c and y, z. Of their images two lost their style and one its object; of (a, y) one lost its object too."""
    concepts = canvas(*STYLE_AND_OBJECT).concepts
    style = of_style("a") | {("b", "y", 1), ("c", "y", 1)}
    thing = {(s, "x", seed) for s in STYLES for seed in SEEDS} | {("c", "z", 2), ("a", "y", 1)}
    kept = kept_of(TWO, concepts, (), ())
    assert kept == (("b", "c"), ("y", "z"))
    table = sequence_table("t", pd.concat([base(), drawn(SEQUENTIAL, 2, 1.0, style, thing)]), TWO, concepts, kept, INFERENCE)
    row = table[table["judge"] == 1].set_index("arm").loc[SEQUENTIAL]
    assert (row["ua_a"], row["ua_x"], row["ira"], row["cra"]) == (1, 1, 6 / 8, 7 / 8)
    assert row["other_on_forgotten"] == 9 / 10, (
        "the object of (a, y) and (a, z), the style of x in photo, b and c; of (a, x) neither"
    )
    assert row["photo_kept"] == 1
    asked_for = JudgedParameters(task="t", methods=("m",))
    result = sequence.compute(asked_for, CanvasData({"sequence": table}, {}, canvas(*STYLE_AND_OBJECT), "default", ()), INFERENCE)
    figure = sequence.draw(result, asked_for, {})
    assert [axes.get_ylabel() for axes in figure.axes[1:3]] == ["kept styles (IRA)", "kept objects (CRA)"]


def test_retention_is_read_off_where_equally_much_is_forgotten() -> None:
    """At half strength a alone is gone (UA .5) and c loses one of 6; at full strength b is gone too and c loses 3."""
    half = drawn(SEQUENTIAL, 2, 0.5, of_style("a"), {("c", "x", 1)})
    full = drawn(SEQUENTIAL, 2, 1.0, of_style("a", "b"), {("c", thing, 1) for thing in OBJECTS})
    lazy = drawn(MERGED, 2, 1.0)
    found = sequence_table(
        "t", pd.concat([base(), half, full, lazy]), TWO, TWO.concepts, kept_of(TWO, TWO.concepts, (), ()), INFERENCE
    )
    rows = matched_table(found[found["judge"] == 1]).set_index(["arm", "ua"])
    assert rows.loc[(SEQUENTIAL, 0.5)][["strength", "cra", "ua_smallest"]].tolist() == pytest.approx([0.5, 5 / 6, 0])
    assert rows.loc[(SEQUENTIAL, 0.75)][["strength", "cra", "ua_smallest"]].tolist() == pytest.approx([0.75, 4 / 6, 0.5])
    assert rows.loc[(MERGED, 0.5)].drop(["task", "judge", "method"]).isna().all(), "it forgets nothing at any strength"
    assert matched_table(found[found["strength"] == 1]).empty


# --- settings and plan ---


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"forget": ["red", "gren"]},
            "unlearncanvas.toy.sequence.forget: 'gren' is no emitter of the task; there are: .*'green'",
        ),
        ({"forget": "saeuron"}, "sequence.forget.*'saeuron'; did you mean 'saeuron6'"),
        ({"forget": "saeuron6"}, "sequence.forget: 'Abstractionism' is no emitter of the task"),
        ({"methods": ["ucee"]}, "sequence.methods.0: 'ucee' does not run on the task.*'uce'"),
        ({"seeds": 1}, "sequence.seeds"),
        ({"seeds": 900}, "sequence.seeds: 900; allowed: at most "),
        ({"strengths": [0.5, 0.25]}, "numbers that rise"),
        ({"retrained": "toi"}, "sequence.retrained: 'toi' is no base that is trained like 'toy' without some cells"),
    ],
)
def test_a_fault_of_a_sequence_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        plan(CANVAS | {"sequence": SEQUENCE | change}, TASK)


def test_values_that_take_each_others_place_are_refused_by_the_plan() -> None:
    """red is led to green and green to red; a disc to a ring, which stays."""
    led = [("colour", "red", "green"), ("colour", "green", "red"), ("shape", "disc", "ring")]
    task = {"emitters": [{"covers": {of: value}, "overwrite": {of: place}} for of, value, place in led]}
    with pytest.raises(
        SettingsError, match="toy.sequence.forget: 'red' and 'green' are forgotten together and take each other's place"
    ):
        plan(CANVAS | {"sequence": SEQUENCE | {"forget": ["disc", "red", "green"]}}, task)
    mixed = plan(CANVAS | {"sequence": SEQUENCE | {"forget": ["red", "disc"], "seeds": 2}}, task).sequences
    assert mixed.forget(Values(task="toy")) == [0, 2], "a style, then an object"


@pytest.mark.parametrize("key", ["sequence", "pairs"])
def test_methods_without_weights_are_refused_by_the_plan(key: str) -> None:
    named = {"sequence": SEQUENCE, "pairs": {}}[key] | {"methods": ["uce", "spm"], "seeds": 2}
    message = rf"unlearncanvas.toy.{key}.methods.1: models of 'spm' act while an image is drawn .*; allowed: uce, munba$"
    with pytest.raises(SettingsError, match=message):
        plan(CANVAS | {key: named}, TASK | {"methods": ["uce", "spm", "seot", "munba"]})


def test_the_plan_of_a_sequence() -> None:
    made, toy = plan(CANVAS | {"sequence": SEQUENCE | {"seeds": 2}}, TASK), Values(task="toy")
    sequences = made.sequences
    concepts = made.settings.cell_tasks["toy"].emitters
    assert [list(concepts[index].covers.values()) for index in sequences.forget(toy)] == [["red"], ["green"]]
    assert sequences.generation(toy)["seeds"] == sequences.seeds(toy) == made.seeds(toy)[:2]
    assert sequences.scoring(toy)["metrics"] == list(sequences.evaluator_settings(toy)) == ["colour", "shape"]
    assert sequences.answers(toy) == ["<results>/unlearncanvas/sequence_toy_uce.parquet"] and sequences.retrained(toy) == []
    toys = [file for file in sequences.products if "toy" in file]
    assert [file.rpartition("/")[2] for file in toys] == ["unlearncanvas_sequence_toy.csv", "unlearncanvas_sequence_toy.png"]
    assert "sequence" not in made.canvas.settings(toy), "a change of it is none of the tables'"


def test_published_sequences_do_not_measure_retention_by_what_they_forget() -> None:
    assert {name: len(named.forget) for name, named in PUBLISHED.items()} == {
        "saeuron6": 6,
        "cuig12_styles": 12,
        "cuig12_objects": 12,
    }
    for named in PUBLISHED.values():
        every = (*named.forget, *named.kept_styles, *named.kept_objects)
        assert len(every) == len(set(every))


# --- figure ---


def test_the_figure_draws_every_ua_and_marks_what_was_asked_for() -> None:
    """Of b it shows .17 after step 1, and the frame of that step ends above it."""
    of_b = {("b", "x", 1)}
    models = [
        drawn(arm, step, strength, of_style("a") | (of_style("b") if step == 2 else of_b))
        for arm, step, strength in models_of(2, [0.5])
    ]
    retrained = drawn(RETRAINED, 2, 1.0, of_style("a", "b")).assign(method=RETRAINED, drift=np.nan, seconds=np.nan)
    every = pd.concat([base(), retrained, *models])
    table = sequence_table("t", every, TWO, TWO.concepts, kept_of(TWO, TWO.concepts, (), ()), INFERENCE)
    asked_for = JudgedParameters(task="t", methods=("m",))
    result = sequence.compute(asked_for, CanvasData({"sequence": table}, {}, TWO, "default", ()), INFERENCE)
    assert result.notes["concepts"] == ["a", "b"] and len(result.table) == len(models) + 2
    figure = sequence.draw(result, asked_for, {})
    heat = figure.axes[0]
    assert {text.get_position(): text.get_text() for text in heat.texts} == {
        (0, 0): "1.00", (1, 0): "1.00", (0, 1): "0.17", (1, 1): "1.00",
    }  # fmt: skip
    lowest = [frame.get_y() + frame.get_height() for frame in heat.patches]
    assert 0 < lowest[0] < 0.5 < 1 < lowest[1] and len(figure.axes) == 4
    assert "trained without all of them" in [text.get_text() for text in figure.legends[0].get_texts()]
