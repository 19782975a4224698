"""What is drawn instead, agreement of judges, result files of others, distances, the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from tests.unit.unlearncanvas.canvas_answers import (
    JUDGES,
    OBJECTS,
    STYLES,
    answers,
    base_answers,
    canvas,
    emitters,
    receivers,
    scores,
)

from lethe.benchmarks.unlearncanvas.accuracy import Reporting, accuracies, accuracy_table
from lethe.benchmarks.unlearncanvas.answers import right
from lethe.benchmarks.unlearncanvas.confusion import agreement_table, confusion_table, kappa
from lethe.benchmarks.unlearncanvas.cost import cost_table
from lethe.benchmarks.unlearncanvas.distribution import distribution_table
from lethe.benchmarks.unlearncanvas.jobs.tables import tabulate
from lethe.benchmarks.unlearncanvas.ledger import COLUMNS, ledger, read_reference
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS
from lethe.benchmarks.unlearncanvas.result_files import accuracies_of, per_entity, read_result, result_of, write_result
from lethe.core.records import ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.receivers import emitter_records, receiver_records
from lethe.io.tables import CorruptFileError, write_json
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference

CANVAS = canvas(("a", "", "photo"), ("", "x", "y"))
TARGET = {("a", t, s) for t in OBJECTS for s in (1, 2)}
REFERENCES = Path(__file__).parents[3] / "config/reference"


# --- confusion and agreement ---


def test_what_is_drawn_instead_of_the_target() -> None:
    sets = {
        "base": base_answers(CANVAS),
        "m": answers(CANVAS, "m", scores(TARGET - {("a", "z", 2)}, drawn=("photo", "y")), scores()),
        "retrain": answers(CANVAS, "retrain", scores(TARGET, drawn=("c", "y"))),
    }
    table = confusion_table("t", sets, CANVAS, ["retrain"])
    rows = table[(table["judge"] == 1) & (table["concept"] == 0) & (table["attribute"] == "style")].set_index(["method", "drawn"])
    assert rows["share"].to_dict() == pytest.approx(
        {("base", "a"): 1, ("m", "a"): 1 / 6, ("m", "photo"): 5 / 6, ("retrain", "c"): 1}
    )
    assert rows.loc["m", "guide"].to_dict() == {"a": False, "photo": True} and rows.loc["m", "asked"].to_dict() == {
        "a": True,
        "photo": False,
    }
    assert rows.loc["m", "share_base"].to_dict() == {"a": 1, "photo": 0}
    assert rows.loc["m", "share_retrained"].to_dict() == {"a": 0, "photo": 0}  # retraining draws neither
    assert table.loc[table["concept"] == 1, "share_retrained"].isna().all()  # there is no such model


def test_agreement_is_over_images_and_kappa_beyond_chance() -> None:
    table = agreement_table("t", {"m": answers(CANVAS, "m", scores(TARGET), scores())})
    rows = table[table["attribute"] == "style"].set_index(["first", "second", "images"])
    assert rows.loc[("1", "2", "target"), ["n", "agreement", "agreement_smallest"]].tolist() == pytest.approx([2, 8 / 14, 0])
    assert rows.loc[("1", "2", "others"), "agreement"] == 1 and rows.loc[("1", "1 jpeg", "all"), "agreement"] == 1
    first, second = np.random.default_rng(0).integers(0, 4, size=(2, 200))
    second[:120] = first[:120]
    assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert np.isnan(kappa(np.zeros(3, dtype=int), np.zeros(3, dtype=int)))


# --- result files of others ---


def test_result_files_give_the_same_accuracies(tmp_path: Path) -> None:
    """Of one seed, as published: UA, IRA and CRA of the files are those of the answers."""
    wrong = {("a", "x", 1), ("a", "y", 1), ("photo", "z", 1), ("b", "x", 1)}, {("c", "y", 1), ("a", "z", 1)}
    base, table = base_answers(CANVAS, seeds=[1]), answers(CANVAS, "uce", *[scores(*wrong, seeds=[1])] * 2)
    of_answers = right(table, 12)
    results = {}
    for concept in CANVAS.concepts:
        path = tmp_path / f"interferences_caused_by_{concept.name}_uce_toy.json"
        write_result(path, result_of(table[table["concept"] == concept.index], base, CANVAS))
        results[concept.index] = result = read_result(path)
        assert list(result) == [*STYLES, *OBJECTS]
        expected = accuracies(of_answers, CANVAS, [concept], PROTOCOLS["u_care"])[:, 0, 0]
        np.testing.assert_allclose(accuracies_of(result, concept.name, STYLES, OBJECTS), expected, atol=1e-9)
    without = accuracies_of(results[0], "a", STYLES, OBJECTS, photo="photo")
    assert without.ira == pytest.approx((2 / 3 + 1) / 2) and accuracies_of(results[0], "a", STYLES, OBJECTS).ira != without.ira
    assert results[0]["a"]["accuracy_diff"] == pytest.approx(-2 / 3) and results[0]["c"]["target_probability_diff"] == 0
    assert [(record["name"], record["domain"]) for record in per_entity(CANVAS, results, "uce")] == [
        ("a", "style"),
        ("x", "object"),
    ]
    assert per_entity(CANVAS, results, "uce")[0]["metric_uce_Unlearning accuracy"] == pytest.approx(2 / 3)


def test_a_file_that_others_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "interferences_caused_by_Bears_uce_sd_style50.json"
    entry = {"target_probability": 0.5, "accuracy_diff": 0.0, "target_probability_diff": 0.0}
    content = {
        name: {"accuracy": value, **entry} for name, value in (("Monet", 0.8), ("Seed_Images", 0.05), ("Bears", 0.1), ("Cats", 1))
    }
    path.write_text(json.dumps(content))
    found = accuracies_of(read_result(path), "Bears", ["Monet", "Seed_Images"], ["Bears", "Cats"])
    assert found == pytest.approx((0.9, 1.0, 0.425))
    with pytest.raises(KeyError, match="no 'Bear'.*did you mean 'Bears'"):
        accuracies_of(content, "Bear", ["Monet"], ["Bears"])
    for damage, message in (
        ({"Monet": {"accuracy": 1}}, "'Monet' has not the fields"),
        ({"Monet": {"accuracy": None, **entry}}, "Monet.accuracy is None"),
    ):
        path.write_text(json.dumps(damage))
        with pytest.raises(CorruptFileError, match=message):
            read_result(path)


# --- distances ---


def embeddings(cells: int, seeds: int, shift: float, seed: int) -> Embeddings:
    receiver, number = (grid.ravel() for grid in np.meshgrid(np.arange(cells), np.arange(seeds), indexing="ij"))
    vectors = (np.random.default_rng(seed).normal(size=(len(receiver), 3)) + shift + receiver[:, None]).astype(np.float32)
    return Embeddings(receiver, number, np.zeros((len(receiver), 0), dtype=np.float32), features={"style2": vectors})


def test_distances_stand_beside_the_floor_and_the_base() -> None:
    models = [(ModelId("t", 0, "m", 3), embeddings(12, 8, 2.0, 3)), (ModelId("t", 1, "none", 0), embeddings(12, 8, 0.5, 2))]
    table = distribution_table("t", embeddings(12, 40, 0, 1), embeddings(12, 8, 0.5, 2), models, CANVAS)
    rows = table.set_index(["method", "cells"])
    assert [column for column in table if "fd" in column or "kid" in column] == [
        *["fd_style2", "fd_style2_minus_base", "kid_style2", "kid_style2_minus_base"]
    ]
    assert (
        rows.loc[("real", "all"), "fd_style2"]
        < 0.2
        < rows.loc[("base", "all"), "fd_style2"]
        < rows.loc[("m", "all"), "fd_style2"]
    )
    assert rows.loc[("none", "others"), "fd_style2_minus_base"] == 0
    assert rows.loc[("m", "others"), ["images", "real"]].tolist() == [9 * 8, 9 * 20]
    with pytest.raises(ValueError, match="two held-out images or more"):
        distribution_table("t", embeddings(12, 1, 0, 1), embeddings(12, 8, 0, 2), [], CANVAS)


# --- drift of each model ---


def test_the_table_of_concepts_tells_the_drift_of_each_model(tmp_path: Path) -> None:
    """Of a model whose record tells none, and of the base, it is empty; without records the column is there and empty."""
    two = emitters(("a", "", "photo"), ("", "x", "y"))
    write_json(tmp_path / "receivers.json", receiver_records(receivers()))
    write_json(tmp_path / "emitters.json", emitter_records(two))
    of = canvas(("a", "", "photo"), ("", "x", "y"))
    base_answers(of).to_parquet(tmp_path / "base.parquet")
    answers(of, "m", scores(), scores()).to_parquet(tmp_path / "m.parquet")
    for index, record in enumerate(({"empty_prompt_drift": 0.5}, {})):
        write_json(tmp_path / f"{index}.json", record)
    names = ("accuracy", "concepts", "confusion", "agreement")
    given = {name: tmp_path / f"{name}.csv" for name in names} | {
        "receivers": tmp_path / "receivers.json", "emitters": tmp_path / "emitters.json", "base": tmp_path / "base.parquet",
        "answers": [tmp_path / "m.parquet"], "task": "t", "methods": ["m"], "retrained": [], "tuning": [],
        "settings": UnlearnCanvas(judges=JUDGES), "inference": Inference(bootstrap=20),
    }  # fmt: skip
    tabulate(**given, models=["t_000_m_003", "t_001_m_003"], records=[tmp_path / "0.json", tmp_path / "1.json"])  # type: ignore[arg-type]
    found = pd.read_csv(tmp_path / "concepts.csv").set_index(["method", "concept"])["empty_prompt_drift"]
    assert found["m", 0] == 0.5 and found.isna().sum() == 3 and len(found) == 4
    tabulate(**given)  # type: ignore[arg-type]
    assert pd.read_csv(tmp_path / "concepts.csv")["empty_prompt_drift"].isna().all()


# --- cost and ledger ---


def test_cost_keeps_set_up_apart() -> None:
    told = {"seconds_shared": 5.0, "empty_prompt_drift": 0.25}
    models = [(ModelId("t", i, "m", 3), {"seconds": s} | told, 10 * i) for i, s in ((0, 1.0), (1, 3.0))]
    models.append((ModelId("t", 0, "none", 0), {"seconds": 0.0}, 4))
    table = cost_table("t", models, {"m": {"seconds": 7.0, "peak_mb": 900.0}}, 1000).set_index("method")
    assert table.loc["m", ["n", "setup_seconds", "seconds", "seconds_largest", "delta_bytes", "run_peak_mb"]].tolist() == [
        2,
        5,
        2,
        3,
        5,
        900,
    ]
    assert np.isnan(table.loc["none", "setup_seconds"]) and pd.isna(table.loc["none", "run_peak_mb"])
    assert table.loc["m", "empty_prompt_drift"] == table.loc["m", "empty_prompt_drift_largest"] == 0.25


def test_published_numbers_are_whole_and_say_where_they_are_from() -> None:
    published = {path.stem: read_reference(path) for path in REFERENCES.glob("unlearncanvas_*.csv")}
    assert {"unlearncanvas_table2", "unlearncanvas_followups", "unlearncanvas_style_transfer"} == set(published)
    table = published["unlearncanvas_table2"]
    assert len(table) == 9 * 10 and (table["source"] != "").all() and set(table["confidence"]) == {"high", "low"}
    esd = table[table["method"] == "esd"].set_index(["kind", "quantity"])["value"]
    assert esd["style", "ua"] == 98.58 and esd["object", "cra"] == 44.23 and esd["all", "storage"] == 4.3


def test_the_ledger_sets_ours_beside_theirs(tmp_path: Path) -> None:
    sets = {"base": base_answers(CANVAS), "esd": answers(CANVAS, "esd", scores(TARGET), scores())}
    accuracy = accuracy_table("t", sets, CANVAS, Reporting(["released"], inference=Inference(bootstrap=100)))
    cost = cost_table("t", [(ModelId("t", 0, "esd", 1), {"seconds": 60.0}, 3 * 10**9)], {}, 0)
    rows = ledger(read_reference(REFERENCES / "unlearncanvas_table2.csv"), accuracy, cost).set_index(
        ["published_name", "kind", "quantity"]
    )
    assert rows.loc[("ESD", "style", "ua"), ["lethe", "published", "verdict"]].tolist() == [100, 98.58, "compared"]
    assert rows.loc[("ESD", "all", "storage"), "difference"] == pytest.approx(3 - 4.3)
    assert set(rows.loc[rows.index.get_level_values(0) == "SPM", "verdict"]) == {"not measured"}
    path = tmp_path / "x.csv"
    path.write_text(",".join(COLUMNS) + "\nTable 2,esd,ESD,style,uaa,1,%,released,x,high\n")
    with pytest.raises(CorruptFileError, match="unknown quantity 'uaa'; allowed: ua, ira"):
        read_reference(path)
