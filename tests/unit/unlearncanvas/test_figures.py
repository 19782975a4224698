"""Figures of UnlearnCanvas: hand-made answers in, drawn numbers out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.unlearncanvas.canvas_answers import JUDGES, OBJECTS, SEEDS, STYLES, answers, base_answers, canvas, scores

from lethe.benchmarks.unlearncanvas.accuracy import Reporting, accuracy_table, concept_table
from lethe.benchmarks.unlearncanvas.answers import BASE, right
from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept
from lethe.benchmarks.unlearncanvas.confusion import confusion_table
from lethe.benchmarks.unlearncanvas.cost import cost_table
from lethe.benchmarks.unlearncanvas.figures.words import in_order, look, row_name
from lethe.benchmarks.unlearncanvas.interference import accuracy_lost, values_of
from lethe.benchmarks.unlearncanvas.similarity import follow, square
from lethe.benchmarks.unlearncanvas.similarity import similarity as similarity_of
from lethe.benchmarks.unlearncanvas.templates import confusion, forget_retain, grid, main, matrix, samples, similarity
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, JudgedParameters
from lethe.core.gate import Gate
from lethe.core.records import ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.figures.style import save
from lethe.io.gates import write_gates
from lethe.statistics.resampling import Inference
from lethe.tools.notebook import run_notebook

CANVAS = canvas(("a", "", "photo"), ("", "x", "y"), ("b", "", "photo"))  # the last one is of tuning
TUNING = (2,)
ROOT = Path(__file__).parents[3]
OF_STYLE = {("a", thing, seed) for thing in OBJECTS for seed in SEEDS}
OF_OBJECT = {(style, "x", seed) for style in STYLES for seed in SEEDS}
INFERENCE = Inference(permutations=99, bootstrap=50)
METHODS = ("esd", "salun_published", "retrain", "noise")
ASKED = JudgedParameters(task="t", methods=METHODS)


def sets() -> dict[str, pd.DataFrame]:
    """ESD forgets and loses one image of (b, y); the published SalUn forgets the style but for one image; retraining is of the style alone."""
    of_tuning = scores()
    return {
        BASE: base_answers(CANVAS),
        "esd": answers(CANVAS, "esd", scores(OF_STYLE, {("b", "y", 1)}, drawn=("photo", "y")), scores((), OF_OBJECT), of_tuning),
        "salun_published": answers(CANVAS, "salun_published", scores(OF_STYLE - {("a", "z", 2)}), scores(), of_tuning),
        "retrain": answers(CANVAS, "retrain", scores(OF_STYLE, drawn=("c", "y"))),
        "noise": answers(CANVAS, "noise", *[scores(OF_STYLE | {("b", "z", 1)}, OF_OBJECT)] * 3),
    }


@pytest.fixture(scope="module")
def given() -> CanvasData:
    found, reporting = sets(), Reporting(["default"], tuning=TUNING, inference=INFERENCE)
    tables = {
        "accuracy": accuracy_table("t", found, CANVAS, reporting),
        "concepts": concept_table("t", found, CANVAS, reporting, ["retrain"]),
        "confusion": confusion_table("t", found, CANVAS, ["retrain"]),
    }
    return CanvasData(tables, found, CANVAS, "default", TUNING)


def test_references_stand_first_and_say_what_they_are() -> None:
    assert in_order([BASE, *METHODS, "none"]) == [BASE, "none", "retrain", "noise", "esd", "salun_published"]
    assert row_name("retrain", 2, 6) == "retrain (trained without the target)\n2 of 6 concepts" and row_name("esd", 6, 6) == "ESD"
    assert look("salun_published", METHODS)["marker"] == look("salun", METHODS)["marker"]
    assert look("salun_published", METHODS)["facecolors"] == "none" != look("salun", METHODS)["facecolors"]


def test_every_method_has_a_look_of_its_own() -> None:
    from lethe.diffusion.methods import LOOKS
    from lethe.diffusion.methods import METHODS as EVERY

    shown = [method for method in EVERY.in_order() if LOOKS.get(method, "colour", "") or method.endswith("_published")]
    assert len({tuple(sorted(look(method, shown).items())) for method in shown}) == len(shown) >= 15


def test_main_draws_means_and_concepts(given: CanvasData) -> None:
    result = main.compute(ASKED, given, INFERENCE)
    rows = result.table.set_index(["kind", "method", "measure", "of", "name"])["value"].to_dict()
    assert rows["style", "salun_published", "ua", "mean", ""] == pytest.approx(5 / 6)
    assert rows["style", "esd", "cra", "concept", "a"] == pytest.approx(
        1 - (1 / 4) / 3
    )  # of b and c, two seeds each, y is once wrong
    assert rows["object", "esd", "ua", "mean", ""] == 1 and rows["style", "base", "ua", "mean", ""] == pytest.approx(0)
    assert not [key for key in rows if key[4] == "b"], "a concept of tuning is no point"
    assert result.table.query("kind == 'object' and method == 'retrain'").empty
    figure = main.draw(result, ASKED, {})
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[0].startswith("base") and names[-1] == "SalUn (published)" and len(figure.axes) == 6
    drawn = [float(c.get_offsets()[0, 0]) for c in figure.axes[0].collections if len(c.get_offsets()) == 1]
    assert any(np.isclose(value, 5 / 6) for value in drawn)


def test_forgetting_against_retention_draws_a_point_per_concept(given: CanvasData) -> None:
    result = forget_retain.compute(ASKED, given, INFERENCE)
    points = result.table.set_index(["method", "name"])
    assert points.loc[("esd", "a"), ["ua", "cra"]].tolist() == pytest.approx([1, 1 - (1 / 4) / 3])
    assert set(result.table["name"]) == {"a", "x"} and BASE not in set(result.table["method"])
    figure = forget_retain.draw(result, ASKED, {})
    assert len(figure.axes) == 4 and figure.axes[0].get_title() == "a style is forgotten"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0].startswith("retrain") and labels[-1] == "where the retrained model lies"


def _alike(seed: int = 0) -> Embeddings:
    """Real images of a canvas of six styles on a line: neighbours are alike, and every image has a little of its own."""
    cells, places = np.arange(21), np.arange(7)
    near = np.exp(-np.abs(np.subtract.outer(places, places)) / 2)
    features = (near[np.repeat(places, 3)] + np.random.default_rng(seed).normal(0, 0.01, (21, 7))).astype(np.float32)
    return Embeddings(
        cells, np.zeros(21, np.int64), np.zeros((21, 0), np.float32), features={"style2": features, "object2": features}
    )


def _line() -> Canvas:
    styles = np.repeat(["photo", *"abcdef"], 3)
    concepts = [
        Concept(number, name, "style", name, "", tuple(np.flatnonzero(styles == name).tolist()), ())
        for number, name in enumerate("abcd")
    ]
    return Canvas(styles, np.tile(np.array(["x", "y", "z"]), 7), concepts, "photo")


def test_harm_that_follows_similarity_is_found_and_none_where_nothing_is_lost() -> None:
    line = _line()
    alike = similarity_of(_alike(), "style2", line, "style")
    assert alike.shape == (6, 6) and np.abs(alike.argsort(axis=1)[:, -2] - np.arange(6)).max() == 1, "most alike: a neighbour"
    places = [value.name for value in values_of(line) if value.kind == "style" and value.name != "photo"]
    lost = np.full((4, len(values_of(line))), np.nan)
    for row, concept in enumerate(line.concepts):
        for column, value in enumerate(values_of(line)):
            if value.kind == "style" and value.name != "photo":
                lost[row, column] = 0.5 + 0.3 * alike[places.index(concept.style), places.index(value.name)]
            elif value.name == "photo":
                lost[row, column] = 1.0  # the guide is no receiver
    inference = Inference(permutations=999, bootstrap=200)
    found = follow(square(lost, line.concepts, line, "style"), alike, inference)
    assert found["rho"] > 0.9 and found["p"] < 0.05 and found["low"] > 0 and (found["concepts"], found["pairs"]) == (4, 20)
    against = follow(square(-lost, line.concepts, line, "style"), alike, inference)
    assert against["rho"] == pytest.approx(-found["rho"]) and against["high"] < 0
    assert np.isnan(follow(square(0 * lost, line.concepts, line, "style"), alike, inference)["rho"])
    with pytest.raises(KeyError, match=r"no features of 'style' are kept; there are: style2, object2; did you mean 'style2'"):
        similarity_of(_alike(), "style", line, "style")


def test_similarity_is_drawn_where_there_are_enough_styles() -> None:
    line = _line()

    def drawn(method: str, concept: Concept | None, wrong: str) -> pd.DataFrame:
        rows = pd.DataFrame({"cell": np.arange(21), "seed": 1, "style": line.styles, "object": line.objects})
        rows = rows.assign(method=method, concept=-1 if concept is None else concept.index, object_pred_1=rows["object"])
        rows["style_pred_1"] = rows["style"].where(~rows["style"].isin(list(wrong)), "photo")
        rows["style_asked_p_1"] = np.where(rows["style"].isin(list(wrong)), np.float32(0.25), np.float32(0.875))
        return rows.assign(object_asked_p_1=np.float32(1))

    near = [("ab", "abc", "bcd", "cde")[number] for number in range(4)]  # of each style, those beside it are lost with it
    models = [drawn("esd", concept, wrong) for concept, wrong in zip(line.concepts, near, strict=True)]
    exact = [drawn("salun_published", concept, concept.style) for concept in line.concepts]
    given = CanvasData(
        {}, {BASE: drawn(BASE, None, ""), "esd": pd.concat(models), "salun_published": pd.concat(exact)},
        line, "default", (), tuple(JUDGES), _alike(),
    )  # fmt: skip
    asked = JudgedParameters(task="t", methods=("esd", "salun_published"))
    result = similarity.compute(asked, given, Inference(permutations=999, bootstrap=100))
    rows = result.table.set_index(["kind", "harm", "method"])
    assert set(rows.index.get_level_values("kind")) == {"style"}, "three objects are too few"
    assert rows.loc[("style", "accuracy", "esd"), "rho"] > 0.5 and np.isnan(
        rows.loc[("style", "accuracy", "salun_published"), "rho"]
    )
    assert (rows["features"] == "style2").all() and result.notes["tests"] == 2
    figure = similarity.draw(result, asked, {})
    assert [axes.get_title() for axes in figure.axes] == ["styles: accuracy lost", "styles: probability lost"]
    assert any(text.get_text() == "the same everywhere" for text in figure.axes[0].texts)


def test_what_is_drawn_instead_adds_up(given: CanvasData) -> None:
    result = confusion.compute(ASKED, given, INFERENCE)
    shares = result.table.set_index(["kind", "method", "seen"])["share"].sort_index()
    assert shares["style", "esd"].to_dict() == pytest.approx({"target": 0, "guide": 1, "photo": 0, "other": 0})
    assert shares["style", "salun_published"].to_dict() == pytest.approx(
        {"target": 1 / 6, "guide": 0, "photo": 0, "other": 5 / 6}
    )
    assert shares["object", "esd"]["guide"] == 1 and shares["style", "retrain"]["other"] == 1
    np.testing.assert_allclose(shares.groupby(["kind", "method"]).sum(), 1)
    assert result.notes["guides"] == {"style": ["photo"], "object": ["y"]}
    axes = confusion.draw(result, ASKED, {}).axes[0]
    assert axes.get_title() == "a style is forgotten (guide: photo)"
    widths = {round(patch.get_width(), 3) for patch in axes.patches}
    assert {0.833, 0.167} <= widths


def test_accuracy_lost_is_of_images_that_do_not_show_the_target() -> None:
    found = sets()
    base, esd = right(found[BASE], 12), right(found["esd"], 12)
    values = [value.name for value in values_of(CANVAS)]
    assert values == ["photo", "a", "b", "c", "x", "y", "z"]
    lost = accuracy_lost(esd, base, CANVAS, CANVAS.concepts[:2])
    # the style a: its own images are lost, and of y one of the six images in the photo, b and c
    np.testing.assert_allclose(lost[0], [0, 1, 0, 0, 0, 1 / 6, 0])
    np.testing.assert_allclose(lost[1], [0, 0, 0, 0, 1, 0, 0])
    weak = base_answers(CANVAS, {("b", "x", 1)})
    np.testing.assert_allclose(accuracy_lost(esd, right(weak, 12), CANVAS, CANVAS.concepts[:1])[0, 2], -1 / 6)  # gained


def test_matrix_greys_what_is_not_there(given: CanvasData) -> None:
    result = matrix.compute(ASKED, given, INFERENCE)
    table = result.table
    assert set(table["emitter"]) == {"a", "x"} and len(table) == 7 * (2 + 2 + 1 + 2)
    figure = matrix.draw(result, ASKED, {})
    images = {axes.get_title(): axes.images[0].get_array() for axes in figure.axes if axes.images}
    retrained = images["retrain (trained without the target)"]
    assert retrained.mask[1].all() and not retrained.mask[0].any() and images["ESD"][0, 1] == 1
    one = JudgedParameters(task="t", methods=("esd",))
    written = [text.get_text() for text in matrix.draw(matrix.compute(one, given, INFERENCE), one, {}).axes[0].texts]
    assert written.count("0.17") == 1 and written.count("1.00") == 2 and len(written) == 14


def test_columns_of_a_grid_are_chosen_by_rule() -> None:
    chosen = grid.columns_of(CANVAS, CANVAS.concepts[0])
    cells = [(shows, CANVAS.styles[cell], CANVAS.objects[cell]) for shows, cell in chosen]
    assert cells == [
        (True, "a", "x"),
        (True, "a", "y"),
        (True, "a", "z"),
        (False, "photo", "x"),
        (False, "b", "y"),
        (False, "c", "z"),
    ]
    assert [CANVAS.styles[cell] for _, cell in grid.columns_of(CANVAS, CANVAS.concepts[1])] == [*STYLES, "photo", "a"]


def test_the_notebook_runs_on_tables_and_figures(given: CanvasData, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.csv" for name in ("accuracy", "concepts", "cost", "lost")}
    for name in ("accuracy", "concepts"):
        given.tables[name].to_csv(files[name], index=False)
    files["lost"].write_text(matrix.compute(ASKED, given, INFERENCE).csv())
    models = [(ModelId("t", 0, method, 0), {"seconds": 2.5}, 1000) for method in METHODS]
    cost_table("t", models, {}, 10**7).to_csv(files["cost"], index=False)
    write_gates(tmp_path / "gates.json", [Gate("canvas_none_is_the_base", 0.0, 0.0, True, "how", [0.0])])
    files |= {"gates": tmp_path / "gates.json"}
    save(main.draw(main.compute(ASKED, given, INFERENCE), ASKED, {}), tmp_path / "main.png")
    files |= dict.fromkeys(("samples", "grid", "main", "confusion", "matrix"), tmp_path / "main.png")
    run_notebook(ROOT / "notebooks/unlearncanvas.ipynb", tmp_path / "out.ipynb", files, values={"task": "t"})
    shown = (tmp_path / "out.ipynb").read_text()
    assert "canvas_none_is_the_base" in shown and shown.count('"image/png"') == 5
    worst = re.search(r"style +salun_published +a +([0-9.]+)", shown)
    assert worst and float(worst[1]) == 0.83


def pictures(rows: Mapping[str, list[str]]) -> dict[tuple[str, str], np.ndarray]:
    return {
        (row, member): np.full((4, 4, 3), 10 * place, dtype=np.uint8) for row in rows for place, member in enumerate(rows[row])
    }


def test_pictures_stand_where_their_rows_say(given: CanvasData, tmp_path: Path) -> None:
    asked = grid.GridParameters(task="t", methods=("esd", "retrain"), concept=0, seed=2)
    result = grid.compute(asked, given, INFERENCE)
    assert list(dict.fromkeys(result.table["row"])) == [BASE, "retrain", "esd"] and result.notes["shards"] == [
        BASE,
        "esd",
        "retrain",
    ]
    assert result.table["member"][3] == "000_2.png"
    members = {row: rows["member"].tolist() for row, rows in result.table.groupby("row")}
    figure = grid.draw(result, asked, pictures(members))
    assert len(figure.axes) == 18 and figure.axes[2].images[0].get_array()[0, 0, 0] == 20
    assert [axes.spines["left"].get_visible() for axes in figure.axes[:6]] == [True] * 3 + [False] * 3
    of_base = samples.SamplesParameters(task="t", seed=1)
    result = samples.compute(of_base, given, INFERENCE)
    assert result.table["style"].tolist()[:4] == list(STYLES) and len(result.table) == 12
    save(samples.draw(result, of_base, pictures({BASE: result.table["member"].tolist()})), tmp_path / "samples.png")
    assert (tmp_path / "samples.png").stat().st_size > 500
