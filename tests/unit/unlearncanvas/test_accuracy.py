"""UA, IRA and CRA on predictions made by hand, on which all six protocols differ; what surrounds them in tables."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pandas as pd
import pytest
from tests.unit.unlearncanvas.canvas_answers import answers, base_answers, canvas, scores

from lethe.benchmarks.unlearncanvas.accuracy import Reporting, accuracies, accuracy_table, concept_table
from lethe.benchmarks.unlearncanvas.answers import right
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS, weights
from lethe.statistics.resampling import Inference

CANVAS = canvas(("a", "", "photo"), ("", "x", "y"), ("b", "", "photo"))
RETAINED = {"style": ["c"], "object": ["z"]}
# images in which the judge sees another style, or another object, than was asked for
STYLE_WRONG = {
    *[("a", "x", 1), ("a", "x", 2), ("a", "y", 1)],
    *[("photo", "x", 1), ("photo", "x", 2), ("photo", "y", 1)],
    *[("b", "x", 2), ("c", "z", 1)],
}
OBJECT_WRONG = {("a", "x", 1), ("a", "z", 2), ("photo", "x", 2), ("photo", "y", 1), ("b", "z", 1)}

BY_HAND = {
    # style a is forgotten: UA of its images; IRA of styles; CRA of objects
    ("default", "style"): (F(3, 6), (F(5, 6) + F(5, 6)) / 2, (F(4, 4) + F(4, 4) + F(3, 4)) / 3),  # b, c; x, y, z in b and c
    ("released", "style"): (F(3, 6), (F(3, 6) + F(5, 6) + F(5, 6)) / 3, (F(6, 8) + F(7, 8) + F(6, 8)) / 3),  # with photo and a
    ("author", "style"): (F(3, 6), F(5, 6), (F(5, 6) + F(6, 6) + F(4, 6)) / 3),  # objects in a, b, c
    ("saeuron", "style"): (F(3, 6), F(5, 6), F(5, 6)),
    ("u_care", "style"): (F(2, 3), (F(1, 3) + F(3, 3) + F(2, 3)) / 3, (F(3, 4) + F(3, 4) + F(3, 4)) / 3),  # seed 1
    ("cuig", "style"): (F(0, 2), F(1, 2), F(3, 4)),  # a z; c z; z in a and c
    # object x is forgotten: UA of its images; IRA of objects; CRA of styles
    ("default", "object"): (F(2, 8), (F(6, 6) + F(4, 6)) / 2, (F(3, 4) + F(4, 4) + F(3, 4)) / 3),  # y, z; a, b, c without x
    ("released", "object"): (F(2, 8), (F(7, 8) + F(6, 8)) / 2, (F(3, 6) + F(3, 6) + F(5, 6) + F(5, 6)) / 4),
    ("author", "object"): (F(2, 8), F(5, 6), (F(3, 6) + F(5, 6) + F(5, 6)) / 3),
    ("saeuron", "object"): (F(1, 6), F(5, 6), F(13, 18)),  # no photo of x
    ("u_care", "object"): (F(1, 4), (F(3, 4) + F(3, 4)) / 2, (F(1, 3) + F(1, 3) + F(3, 3) + F(2, 3)) / 4),
    ("cuig", "object"): (F(0, 2), F(2, 2), F(3, 4)),  # c x; c z; c in x and z
}


@pytest.mark.parametrize(("name", "kind"), list(BY_HAND))
def test_every_protocol_by_hand(name: str, kind: str) -> None:
    concept = next(found for found in CANVAS.concepts if found.kind == kind)
    model = right(answers(CANVAS, "m", *[scores(STYLE_WRONG, OBJECT_WRONG)] * 3), 12)
    found = accuracies(model, CANVAS, [concept], PROTOCOLS[name], RETAINED)
    assert found.mean(axis=2)[:, 0] == pytest.approx([float(value) for value in BY_HAND[name, kind]], abs=1e-12)


def test_all_six_differ() -> None:
    assert set(PROTOCOLS) == {name for name, _ in BY_HAND}
    assert len({(BY_HAND[name, "style"], BY_HAND[name, "object"]) for name in PROTOCOLS}) == 6


def test_a_base_is_measured_as_if_it_were_every_concept() -> None:
    off = right(base_answers(CANVAS, STYLE_WRONG, OBJECT_WRONG), 12)
    model = right(answers(CANVAS, "m", *[scores(STYLE_WRONG, OBJECT_WRONG)] * 3), 12)
    styles = [CANVAS.concepts[0], CANVAS.concepts[2]]
    found = [accuracies(of, CANVAS, styles, PROTOCOLS["default"]) for of in (off, model)]
    np.testing.assert_array_equal(*found)
    assert found[0][0].mean(axis=1) == pytest.approx([1 / 2, 1 / 6])


def test_pairs_and_protocols_without_their_concepts_are_refused() -> None:
    pair = canvas(("a", "x", "")).concepts[0]
    assert pair.kind == "pair" and pair.covers == (3,) and pair.guides == (-1,)
    with pytest.raises(ValueError, match=r"concept 0 \('a'\) is a pair"):
        weights(PROTOCOLS["default"], CANVAS, pair)
    with pytest.raises(ValueError, match="needs the concepts that are retained"):
        weights(PROTOCOLS["cuig"], CANVAS, CANVAS.concepts[0])


def test_a_missing_image_is_no_answer() -> None:
    table = answers(CANVAS, "m", scores(), scores())
    with pytest.raises(ValueError, match="method 'm' has 47 images; 2 models with 12 cells and 2 seeds have 48"):
        right(table.drop(index=5), 12)
    with pytest.raises(ValueError, match="has 48 images"):
        right(pd.concat([table.drop(index=5), table.iloc[[6]]]), 12)


def tables(tuning: tuple[int, ...] = (), protocols: tuple[str, ...] = ("default", "u_care")) -> pd.DataFrame:
    sets = {
        "base": base_answers(CANVAS, {("b", "x", 2)}),
        "m": answers(
            CANVAS, "m", scores(STYLE_WRONG, OBJECT_WRONG), scores(), scores({("b", t, s) for t in "xyz" for s in (1, 2)})
        ),
        "retrain": answers(CANVAS, "retrain", scores({("a", t, s) for t in "xyz" for s in (1, 2)})),
    }
    return accuracy_table("t", sets, CANVAS, Reporting(protocols, RETAINED, tuning, Inference(bootstrap=500)))


def test_a_mean_stands_with_its_spread_and_beside_the_base() -> None:
    rows = tables().set_index(["method", "kind", "protocol", "judge"])
    of = rows.loc["m", "style", "default", 1]
    assert (of["n"], of["epochs"], of["images"]) == (2, 3, 18)
    assert (of["ua"], of["ua_smallest"], of["ua_largest"]) == pytest.approx((3 / 4, 1 / 2, 1))
    assert of["ua_sd"] == pytest.approx(np.sqrt(1 / 8))
    assert of["ua_minus_base"] == pytest.approx(3 / 4 - (0 + 1 / 6) / 2)
    assert of["ua_low"] <= of["ua"] <= of["ua_high"] and of["ua_low"] < of["ua_high"]
    assert of["ua_jpeg"] == of["ua"]
    assert rows.loc["m", "style", "default", 2]["ua"] == 0  # the second judge sees what was asked for
    assert rows.loc["m", "style", "u_care", 1]["images"] == 12


def test_a_row_is_of_what_was_measured() -> None:
    rows = tables().set_index(["method", "kind", "protocol", "judge"])
    assert ("retrain", "object", "default", 1) not in rows.index
    one = rows.loc["retrain", "style", "default", 1]
    assert one["n"] == 1 and one["ua"] == 1 and one["ira_minus_base"] == pytest.approx(1 - (5 / 6 + 1) / 2)
    assert np.isnan(one[["ua_low", "ua_high", "ua_sd"]].astype(float)).all()  # of one concept it is not known how concepts differ
    without = tables(tuning=(2,)).set_index(["method", "kind", "protocol", "judge"])
    assert without.loc["m", "style", "default", 1][["n", "ua"]].tolist() == [1, 0.5]


def test_what_is_drawn_instead_stands_beside_the_retrained_model() -> None:
    photo = {("a", t, s) for t in "xyz" for s in (1, 2)}
    sets = {
        "base": base_answers(CANVAS),
        "m": answers(CANVAS, "m", scores(photo, {("a", "x", 1)}, drawn=("photo", "y")), scores(), scores()),
        "retrain": answers(CANVAS, "retrain", scores(photo, drawn=("c", "y"))),
    }
    rows = concept_table("t", sets, CANVAS, Reporting(["default"], tuning=[2]), ["retrain"]).set_index(["method", "concept"])
    of = rows.loc["m", 0]
    assert of[["ua_1", "other_on_target_1", "guide_1", "photo_kept_1"]].tolist() == pytest.approx([1, 5 / 6, 1, 1])
    assert of[["guide_1_retrained", "other_on_target_1_retrained"]].tolist() == [0, 1]
    assert np.isnan(rows.loc["m", 1]["guide_1_retrained"]) and rows.loc["base", 0]["ua_1"] == 0
    assert rows["reported"].groupby("concept").all().to_dict() == {0: True, 1: True, 2: False}
    assert len(rows) == 3 + 3 + 1
