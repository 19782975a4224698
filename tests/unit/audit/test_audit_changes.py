"""What an audit says of its tables: changes in units of the floor, the gates, the sentences, and their opposites."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.audit.changes import changes, floors, most_moved, of_floor
from lethe.audit.concepts import FORGOTTEN, KEPT, WATCHED, choose, described, named, similarities
from lethe.audit.gates import gate_draws, gate_forgotten, gate_unchanged
from lethe.audit.page import Facts, page
from lethe.audit.sentences import answers
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.tokens import read_tokenizer

SEEDS = range(6)
CONCEPTS = {0: "a dog", 1: "a cat", 2: "a lake"}
ROLES = {0: FORGOTTEN, 1: KEPT, 2: WATCHED}


def baseline() -> pd.DataFrame:
    return pd.DataFrame(
        [{"receiver": r, "seed": s, "constant": 0.0, "clip": 20.0 + r + 0.1 * s} for r in CONCEPTS for s in SEEDS]
    )


def seed_pairs() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"receiver": r, "seed": s, "other_seed": o, "rmse": 0.2 + 0.01 * (s + o)}
            for r in CONCEPTS
            for s in SEEDS
            for o in SEEDS
            if s < o
        ]
    )


def scores(**moved: float) -> pd.DataFrame:
    """Scores under a model: the CLIP score of some receivers is moved by so much, all else is as before."""
    table = baseline()
    table["rmse"] = 0.0
    for receiver, by in moved.items():
        own = table["receiver"] == int(receiver.removeprefix("r"))
        table.loc[own, "clip"] += by
        table.loc[own, "rmse"] = 0.05
    return table


def table_of(**moved: float) -> pd.DataFrame:
    ranges = floors(baseline(), seed_pairs(), alpha=0.05)
    models = {"audit_000_none_000": scores(), "audit_000_uce_000": scores(**moved)}
    return changes(list(models), list(models.values()), baseline(), ranges, CONCEPTS, ROLES, {0: (0,)})


def gates_of(table: pd.DataFrame) -> dict[str, bool]:
    judged = [gate_draws(baseline()), gate_unchanged(table, "none"), gate_forgotten(table, "none")]
    return {gate.gate: gate.holds for gate in judged}


@pytest.mark.parametrize(
    ("quantity", "value", "low", "high", "expected"),
    [
        ("clip_diff", -3.0, -1.0, 2.0, 3.0),
        ("clip_diff", 1.0, -1.0, 2.0, 0.5),
        ("clip_diff", 0.0, 0.0, 0.0, 0.0),
        ("clip_diff", 0.1, 0.0, 0.0, math.inf),
        ("rmse", 0.2, 0.1, 0.4, 0.5),
        ("ssim", 0.2, 0.6, 0.8, 2.0),
        ("dino_diff", 1.0, 0.9, 0.95, 0.0),
    ],
)
def test_a_change_in_units_of_the_floor(quantity: str, value: float, low: float, high: float, expected: float) -> None:
    assert of_floor(quantity, value, low, high) == pytest.approx(expected)


def test_without_a_range_nothing_is_known() -> None:
    assert math.isnan(of_floor("clip_diff", 1.0, math.nan, math.nan)) and math.isnan(of_floor("rmse", math.nan, 0.1, 0.2))


def test_a_range_is_that_of_the_prompt_alone_and_wider_with_more_measures() -> None:
    table, pairs = baseline(), seed_pairs()
    table.loc[table["receiver"] == 2, "clip"] *= 3  # its seeds differ three times as much
    ranges, alone = floors(table, pairs, alpha=0.05), floors(table, pairs.drop(columns="rmse"), alpha=0.05)
    assert ranges[2]["clip_diff"]["high"] == pytest.approx(3 * ranges[1]["clip_diff"]["high"], rel=0.05)
    assert ranges[1]["clip_diff"]["level"] == pytest.approx(0.975) and alone[1]["clip_diff"]["level"] == pytest.approx(0.95)
    assert ranges[1]["clip_diff"]["high"] > alone[1]["clip_diff"]["high"]


def test_roles_and_the_most_moved_come_first() -> None:
    moved = most_moved(table_of(r0=-9.0, r2=-2.0))
    uce = moved[moved["method"] == "uce"]
    assert list(uce["concept"]) == ["a dog", "a lake", "a cat"] and list(uce["role"]) == [FORGOTTEN, WATCHED, KEPT]
    assert list(uce["moved"]) == [True, True, False] and set(uce["measure"][:2]) == {"clip_diff"}
    assert uce["value"].iloc[0] == pytest.approx(-9.0)


def test_what_is_forgotten_must_have_moved() -> None:
    assert gates_of(table_of(r0=-9.0)) == {
        "audit_base_draws_pictures": True,
        "audit_none_is_the_base": True,
        "audit_forgotten_moved": True,
    }
    assert not gates_of(table_of(r1=-9.0))["audit_forgotten_moved"]


def test_the_other_gates_can_fail() -> None:
    table = table_of(r0=-9.0)
    table.loc[0, "value"] = 0.01
    assert not gate_unchanged(table, "none").holds
    off = baseline()
    off.loc[3, "constant"] = 1.0
    assert not gate_draws(off).holds
    off = baseline()
    off.loc[3, "clip"] = math.nan
    assert not gate_draws(off).holds


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"r0": -9.0, "r2": -2.0}, ["UCE: “a dog” changed", "1 of the 2 other prompts did so too, most of all “a lake”"]),
        ({"r0": -9.0}, ["UCE: “a dog” changed", "None of the 2 other prompts did."]),
        ({"r1": -9.0}, ["UCE: “a dog” changed no more than two seeds", "1 of the 2 other prompts did so too"]),
    ],
)
def test_the_answer_follows_from_the_table(moved: dict[str, float], said: list[str]) -> None:
    found = most_moved(table_of(**moved))
    (line,) = answers(found[found["method"] == "uce"], {"uce": "UCE"})
    assert all(part in line for part in said), line


def facts(**changed: Any) -> Facts:
    table = table_of(r0=-9.0, r2=-2.0)
    concepts = pd.DataFrame(
        [[i, CONCEPTS[i], ROLES[i], "given", "a dog", 0.5, CONCEPTS[i]] for i in CONCEPTS],
        columns=["index", "concept", "role", "origin", "nearest", "similarity", "prompt"],
    )
    given = {
        "model": "mine <b>",
        "methods": {"uce": "UCE"},
        "concepts": concepts,
        "left_out": [{"concept": "Monet style", "reason": "unknown & left out"}],
        "table": table,
        "moved": most_moved(table[table["method"] == "uce"]),
        "gates": [gate_draws(baseline()), gate_forgotten(table, "none")],
        "seeds": list(SEEDS),
        "unmeasured": ["CLIP score: no evaluator"],
        "files": {"The table": "tables/a.csv"},
    }
    return Facts(**(given | changed))


def test_the_page_stands_alone_and_text_is_no_markup() -> None:
    shown = page(facts(), "body{color:red}", lambda method, emitter, receiver: f"data:,{method}{receiver}")
    assert "<b>mine" not in shown and "mine &lt;b&gt;" in shown and "unknown &amp; left out" in shown
    assert not any(word in shown for word in ("http:", "https:", "<script", "url(", "/work", "/home"))
    assert shown.count("<img") == 2 * len(CONCEPTS) and 'src="data:,uce2"' in shown
    assert "2 of 2 checks hold" in shown and "watched, no method was told" in shown and "CLIP score: no evaluator" in shown


def test_a_gate_that_fails_is_said_first() -> None:
    failed = gate_forgotten(table_of(r1=-9.0), "none")
    shown = page(facts(gates=[gate_draws(baseline()), failed]), "", lambda *_: "data:,")
    assert "1 of 2 checks hold" in shown and shown.index("✕ does not hold") < shown.index("✓ holds")


# --- neighbours ---


def test_neighbours_are_the_nearest_that_the_tokenizer_knows() -> None:
    pipe, reader = load_pipeline(shared_tiny_pipeline()), read_tokenizer(shared_tiny_pipeline() / "tokenizer")
    words = ["a dog", "a zebra", "a Cat", "a cat", "a lake", "a park", "the photo"]
    chosen, left_out = choose(pipe, reader, words, ["a dog"], "an image of {concept}", 3)
    assert [row.concept for row in left_out] == ["a dog", "a zebra", "a cat"]
    assert "does not know zebra" in left_out[1].reason and "it is 'a Cat'" in left_out[2].reason
    alike = similarities(pipe, ["a Cat", "a lake", "a park", "the photo"], ["a dog"])[:, 0].tolist()
    order = sorted(zip(alike, ["a Cat", "a lake", "a park", "the photo"], strict=True), reverse=True)
    assert chosen == [name for _, name in order[:3]]
    with pytest.raises(ValueError, match="knows none of the 1 concepts of audit.vocabulary"):
        choose(pipe, reader, ["a zebra"], ["a dog"], "{concept}", 3)


def test_a_concept_is_most_like_itself() -> None:
    pipe = load_pipeline(shared_tiny_pipeline())
    rows = described(pipe, {"a dog": FORGOTTEN, "a lake": FORGOTTEN, "a cat": KEPT}, "given")
    assert [row.nearest for row in rows[:2]] == ["a dog", "a lake"] and rows[0].similarity == pytest.approx(1.0)
    assert rows[2].similarity < 1


def test_each_forgotten_concept_covers_itself() -> None:
    receivers, emitters = named({"a dog": FORGOTTEN, "a cat": KEPT}, "an image of {concept}", "a lake")
    assert [one.prompt for one in receivers] == ["an image of a dog", "an image of a cat"]
    assert [(one.covers, one.overwrite) for one in emitters] == [((0,), {0: "an image of a lake"})]
