"""Gates that can fail: each holds where it must, and a fault of one part turns that one red."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from tests.unit.unlearncanvas.canvas_answers import OBJECTS, SEEDS, STYLES, answers, base_answers, canvas, scores

from lethe.benchmarks.unlearncanvas.accuracy import Reporting
from lethe.benchmarks.unlearncanvas.gates import Roles, all_gates
from lethe.workflow.gates import GATES

CANVAS = canvas(("a", "", "photo"), ("", "x", "y"))
ALL = {(style, thing, seed) for style in STYLES for thing in OBJECTS for seed in SEEDS}
OF_A, OF_X = {image for image in ALL if image[0] == "a"}, {image for image in ALL if image[1] == "x"}
KNOWN = {"style": 0.99, "object": 0.985}
ROLES = Roles(["none"], ["retrain"], ["noise"])


def one_judge(table: pd.DataFrame) -> pd.DataFrame:
    """The answers as the first judge gave them: what the tests' second judge sees is always what was asked for."""
    return table.drop(columns=[column for column in table if str(column).endswith("_2")])


def judged(held_out: dict[str, float | None] | None = None, **changed: pd.DataFrame) -> dict[str, Any]:
    sets = {
        "base": base_answers(CANVAS),
        "none": answers(CANVAS, "none", scores(), scores()),
        "retrain": answers(CANVAS, "retrain", scores(OF_A), scores((), OF_X)),
        "noise": answers(
            CANVAS, "noise", *[scores(ALL - {i for i in ALL if i[0] == "b"}, ALL - {i for i in ALL if i[1] == "y"})] * 2
        ),
        **changed,
    }
    found = all_gates(
        {name: one_judge(table) for name, table in sets.items()}, CANVAS, Reporting(["default"]), ROLES, held_out or KNOWN
    )
    return {gate.gate: gate for gate in found}


def test_all_hold_where_everything_is_as_it_must_be() -> None:
    found = judged()
    assert all(gate.holds for gate in found.values()), [str(gate) for gate in found.values() if not gate.holds]
    assert set(found) <= set(GATES["tables/unlearncanvas_gates_{task}.json"]) and len(found) == 8  # one judge: no agreement


@pytest.mark.parametrize(
    ("gate", "changed"),
    [
        ("canvas_judges_know_real_images", {"held_out": {"style": 0.97, "object": 1.0}}),
        ("canvas_judges_know_real_images", {"held_out": {"style": 0.99, "object": None}}),
        ("canvas_base_draws_style", {"base": base_answers(CANVAS, {("b", "x", 1)})}),
        ("canvas_base_draws_object", {"base": base_answers(CANVAS, (), {("b", "x", 1), ("c", "x", 1)})}),
        ("canvas_base_worst_cell", {"base": base_answers(CANVAS, (), {("b", "x", 1)})}),
        ("canvas_none_is_the_base", {"none": answers(CANVAS, "none", scores(), scores({("b", "x", 1)}))}),
        ("canvas_retrained_forgets", {"retrain": answers(CANVAS, "retrain", scores({("a", "x", 1)}))}),
        (
            "canvas_retrained_keeps",
            {"retrain": answers(CANVAS, "retrain", scores(OF_A | {("b", "x", 1)}, {("c", "x", 1), ("c", "y", 1)}))},
        ),
        ("canvas_control_is_chance", {"noise": answers(CANVAS, "noise", scores(OF_A), scores((), OF_X))}),
    ],
)
def test_a_fault_is_seen(gate: str, changed: dict[str, Any]) -> None:
    assert not judged(**changed)[gate].holds


def test_probabilities_of_none_are_compared_to_the_last_bit() -> None:
    table = answers(CANVAS, "none", scores(), scores())
    table.loc[7, "object_p_1"] += 1e-6
    found = judged(none=table)["canvas_none_is_the_base"]
    assert (found.value, found.holds) == (1, False)


def test_judges_that_disagree_are_told() -> None:
    """The second judge always sees what was asked for; the first is wrong in two images of 24."""
    wrong = all_gates(
        {"base": base_answers(CANVAS, {("b", "x", 1), ("b", "x", 2)})}, CANVAS, Reporting(["default"]), Roles([], [], []), KNOWN
    )
    assert next(gate for gate in wrong if gate.gate == "canvas_judges_agree").value == pytest.approx(22 / 24)
