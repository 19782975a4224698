"""Single cells forgotten: which, what takes their place, what is measured, settings and plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.unlearncanvas.canvas_answers import JUDGES, SEEDS, canvas, receivers, scores
from tests.unit.unlearncanvas.test_plan import CANVAS, plan

from lethe.benchmarks.unlearncanvas.answers import answer_set
from lethe.benchmarks.unlearncanvas.combined_pairs import combined_table, parts_of
from lethe.benchmarks.unlearncanvas.concepts import Canvas, canvas_of
from lethe.benchmarks.unlearncanvas.pairs import counterpart, emitters_of, pair_table, pairs_of
from lethe.benchmarks.unlearncanvas.templates import pairs
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, JudgedParameters
from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.settings.sources import UnlearnCanvasOptions
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference

OF = canvas(("a", "", "photo"))
CELLS = [receiver.name for receiver in receivers()]


def test_the_diagonal_meets_every_style_once_without_the_photo() -> None:
    """As the published pairs: style i of all with object i mod (number of objects); the photo is the first of these four styles."""
    assert [CELLS[cell] for cell in pairs_of(OF, "diagonal")] == ["a_y", "b_z", "c_x"]
    assert [CELLS[cell] for cell in pairs_of(OF, [["c", "y"], ["a", "x"]])] == ["c_y", "a_x"]
    with pytest.raises(ValueError, match=r"pair \[d, x\]: no cell has 'd'; there are: photo, a, b, c"):
        pairs_of(OF, [["d", "x"]])


def test_the_published_pairs_follow_from_the_rule() -> None:
    """51 themes, the photo at place 38, 20 objects; ends of the list as in appendix B.5 of arXiv 2402.11846."""
    cells = UnlearnCanvasOptions(path="anywhere").cells()
    styles, objects = (np.array([cell[key] for cell in cells]) for key in ("style", "object"))
    photo = str(styles[38 * 20])
    named = [(str(styles[cell]), str(objects[cell])) for cell in pairs_of(Canvas(styles, objects, [], photo), "diagonal")]
    assert len(named) == 50 and named[:2] == [("Abstractionism", "Architectures"), ("Artist_Sketch", "Bears")]
    assert photo == "Photo" and named[-1] == ("Winter", "Horses") and not any(style == photo for style, _ in named)


def test_the_next_object_as_a_photo_takes_the_place() -> None:
    (pair,) = emitters_of(OF, receivers(), [CELLS.index("b_z")], 7)
    assert pair.index == 7 + CELLS.index("b_z") and pair.covers == (CELLS.index("b_z"),)
    assert list(pair.overwrite.values()) == ["x in photo"] and CELLS[counterpart(OF, pair.covers[0])] == "photo_x"
    concept = canvas_of(receivers(), [pair], UnlearnCanvas(judges=JUDGES)).concepts[0]
    assert (concept.kind, concept.style, concept.object) == ("pair", "b", "z")


def test_each_share_looks_at_its_own_cells() -> None:
    """Of two images of (a, y) one is its counterpart, the other keeps its object. Half of (a, x) loses its style, half of (b, y) its object."""
    target, first, second = CELLS.index("a_y"), *SEEDS
    style = {("a", "y", first), ("a", "y", second), ("a", "x", first), ("photo", "x", first), ("c", "x", second)}
    thing = {("a", "y", first), ("b", "y", first), ("photo", "y", first), ("photo", "y", second), ("a", "x", second)}
    table = answer_set(OF, scores(style, thing, drawn=("photo", "z")), JUDGES, "m").assign(target=target, seconds=2.0)
    row = pair_table("t", [table], OF).set_index("judge").loc[1]
    assert (row["ua_neither"], row["ua_not_both"], row["ua_counterpart"]) == (0.5, 1, 0.5)
    assert row["sc"] == 3 / 4, "(a, x) and (a, z)"
    assert row["oc"] == 3 / 4, "(b, y) and (c, y); the photo is no style"
    assert row["up"] == pytest.approx((7 / 8 + 1) / 2), "b and c with x and z; no photos"
    assert (row["style"], row["object"], row["target_images"], row["seconds"]) == ("a", "y", 2, 2)


def test_pairs_are_put_together_of_models_that_are_there() -> None:
    of = canvas(("a", "", "photo"), ("b", "", "photo"), ("", "x", "y"), ("", "y", "z"))
    named = [CELLS.index(name) for name in ("a_y", "b_z", "c_x", "b_x")]
    assert parts_of(of, named, [0, 1, 2, 3]) == [(named[0], 0, 3), (named[3], 1, 2)], "z and c were forgotten by nobody"
    assert parts_of(of, named, [0, 2, 3]) == [(named[0], 0, 3)]
    with pytest.raises(ValueError, match="no pair can be put together: .* there are those of a, b and of no object"):
        parts_of(of, named, [0, 1])


def test_what_was_put_together_stands_beside_the_model_of_the_pair() -> None:
    """Of the pair (a, y) the sum forgets all images, the mean half of them; (b, z) was put together by nobody."""
    target, other, (first, second) = CELLS.index("a_y"), CELLS.index("b_z"), SEEDS

    def answers(of: int, *wrong: tuple[str, str, int]) -> Any:
        return answer_set(OF, scores(set(wrong), set(wrong)), JUDGES, "m").assign(target=of, seconds=0.0)

    direct = [answers(target), answers(other)]
    half, whole = answers(target, ("a", "y", first)), answers(target, ("a", "y", first), ("a", "y", second))
    table = combined_table("t", direct, [half.assign(arm="mean"), whole.assign(arm="sum")], OF)
    of_first = table[table["judge"] == 1]
    assert of_first["arm"].tolist() == ["direct", "mean", "sum"] and set(table["style"]) == {"a"}
    assert of_first["ua_neither"].tolist() == [0, 0.5, 1] and list(table)[2:4] == ["method", "arm"]


def test_pairs_are_put_together_where_styles_and_objects_are_reported() -> None:
    pairs = {"pairs": {"methods": ["none", "uce"], "seeds": 2}}
    made = plan(CANVAS | pairs)
    assert made.sequences.combined_tasks == ["canvas", "toy"]
    assert made.sequences.combined_answers(Values(task="toy")) == ["<results>/unlearncanvas/combined_toy_uce.parquet"]
    assert made.sequences.combined_direct(Values(task="toy")) == ["<results>/unlearncanvas/pairs_toy_uce.parquet"]
    assert plan(CANVAS | pairs, {"tuning_emitters": [1]}).sequences.combined_tasks == ["canvas"]
    assert not [file for file in made.sequences.products if "combined" in file]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": "diagonale"}, "pairs.cells.*'diagonale'; did you mean 'diagonal'"),
        ({"cells": [["red"]]}, "pairs.cells"),
        ({"methods": ["cae"]}, "pairs.methods.0: 'cae' does not run on the task"),
        ({"seeds": 1}, "pairs.seeds"),
        ({"seeds": 900}, "pairs.seeds: 900; allowed: at most "),
    ],
)
def test_a_fault_of_pairs_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        plan(CANVAS | {"pairs": {"methods": ["uce"]} | change})


def test_the_plan_of_pairs() -> None:
    made, toy = plan(CANVAS | {"pairs": {"methods": ["none", "uce"], "seeds": 2, "target_seeds": 4}}), Values(task="toy")
    seeds = made.seeds(toy)
    assert made.sequences.pair_generation(toy)["seeds"] == seeds[:2]
    assert made.sequences.target_seeds(toy) == [*seeds, 3, 4] and made.sequences.cells(toy) == "diagonal"
    assert made.sequences.pair_answers(toy) == [f"<results>/unlearncanvas/pairs_toy_{name}.parquet" for name in ("none", "uce")]


def test_the_figure_has_a_panel_for_each_share() -> None:
    target, first = CELLS.index("a_y"), SEEDS[0]
    tables = [
        answer_set(OF, scores(wrong, drawn=("photo", "z")), JUDGES, method).assign(target=target, seconds=2.0)
        for method, wrong in (("none", ()), ("uce", {("a", "y", first)}))
    ]
    asked = JudgedParameters(task="t", methods=("none", "uce"))
    data = CanvasData({"pairs": pair_table("t", tables, OF)}, {}, OF, "default", ())
    result = pairs.compute(asked, data, Inference())
    figure = pairs.draw(result, asked, {})
    assert [axes.get_title().partition(":")[0] for axes in figure.axes] == ["UA", "UA", "UA", "SC", "OC", "UP"]
    means = [float(c.get_offsets()[0, 0]) for c in figure.axes[1].collections if c.get_sizes()[0] == 60]
    assert means == [0, 0.5], "none, then UCE, in whose images one of two lost its style"
