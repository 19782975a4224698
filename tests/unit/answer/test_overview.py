"""What the explorer shows first: numbers of the tables, the worst pair by its rule, every gate with a verdict; nothing that is not JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lethe.answer.overview import of_canvas, of_study, of_task
from lethe.benchmarks.deepunlearn.ulira import DEFAULT
from lethe.core.gate import Gate
from lethe.io.gates import write_gates

FLOOR = {"clip_diff": {"low": -1.0, "high": 1.0}}
GATES = [
    Gate("none_is_zero", 0.0, 0.0, True, "largest deviation", None),
    Gate("every_pair_has_a_value", 3.0, 0.0, False, "missing values", None),
]


def interval(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    return table.assign(**{f"{name}_{end}": table[name] + by for name in names for end, by in (("low", -0.02), ("high", 0.02))})


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Finished tables: two judged methods of the task breeds, one that changes nothing and one of two retrained models."""
    folder = tmp_path / "tables"
    folder.mkdir()
    methods = ["none", "uce", "munba", "retrain"]
    unlearning = pd.DataFrame({"method": methods, "judge_base": 1.0, "judge_emitter": [1, 0.1, 0.3, 0], "others_kept": 0.9})
    interval(unlearning, "judge_emitter", "others_kept").to_csv(folder / "unlearning_breeds.csv", index=False)
    harm = pd.DataFrame({"method": methods, "quantity": "clip_diff", "pairs": 6, "harmed": [0, 3, 0, 0], "share": [0, 0.5, 0, 0]})
    harm.assign(low=[0, 0.4, 0, np.nan], high=[0, 0.6, 0, np.nan], by_chance=0.025).to_csv(
        folder / "harm_breeds.csv", index=False
    )
    similarity = pd.DataFrame({"method": ["uce"], "metric": "clip_diff", "similarity": "clip", "spearman": 0.1, "q": 0.5})
    similarity.assign(low=0.0, high=0.2).to_csv(folder / "similarity_breeds.csv", index=False)
    relations = pd.DataFrame({"p": [0.2], "q": [0.3], "published_p_1": [None], "published_significant": [False]})
    relations.to_csv(folder / "relations_breeds.csv", index=False)
    write_gates(folder / "gates_breeds.json", GATES)
    return tmp_path


def pairs(**values: list[float]) -> pd.DataFrame:
    """Values of the pairs (0, 1), (1, 0), (2, 0) of some methods."""
    places = [(0, 1), (1, 0), (2, 0)]
    rows = [(method, *place, value) for method, own in values.items() for place, value in zip(places, own, strict=True)]
    return pd.DataFrame(rows, columns=["method", "emitter", "receiver", "value"]).assign(metric="clip_diff")


def test_the_worst_pair_of_every_judged_method_is_one_that_is_reported(world: Path) -> None:
    found = of_task(world, "breeds", pairs(none=[0, 0, 0], uce=[-2, -5, -90], munba=[-0.5, 0, -90]), FLOOR, GATES, exclude=[2])
    assert found["worst"] == {
        "metric": "clip_diff",
        "pairs": [{"method": "uce", "emitter": 1, "receiver": 0, "value": -5.0, "damage": 5.0}],
        "harmless": ["MUNBa"],
    }
    unmeasured = of_task(world, "breeds", pairs(uce=[-2, -5, -90]), {"clip_diff": {"low": None}}, GATES)
    assert unmeasured["worst"] is None


def test_methods_stand_with_intervals_and_references_are_marked(world: Path) -> None:
    table = of_task(world, "breeds", pairs(uce=[-2, -5, 0]), FLOOR, GATES)["table"]
    rows = {row["name"]: row for row in table["rows"]}
    assert [column["target"] for column in table["columns"]] == [0.2, 0.85, 0.025]
    assert [name for name, row in rows.items() if row["reference"]] == ["retrain"] and "none" not in rows
    assert rows["UCE"]["cells"][2] == {"text": "50 % [40, 60], 3 of 6", "value": 0.5, "low": 0.4, "high": 0.6}
    assert rows["UCE"]["means"], "an abbreviation is spelt out"
    assert rows["retrain"]["cells"][2]["low"] is None, "one emitter has no interval"


def test_every_claim_and_every_gate_has_a_verdict_the_worst_first(world: Path) -> None:
    found = of_task(world, "breeds", pairs(uce=[-2, -5, 0]), FLOOR, GATES)
    json.dumps(found, allow_nan=False)
    verdicts = {check["claim"]: check["verdict"] for check in found["checks"]}
    assert verdicts["every pair has a value by every measure"] == "does not hold", "a gate that no claim tells of"
    assert (
        verdicts["a no-op method has exactly zero interference"] == "holds"
        and "a method that does nothing changes nothing" not in verdicts
    )
    assert verdicts["the base draws what it is asked"] == "not measured"
    order = ["does not hold", "holds with a doubt", "not measured", "holds"]
    places = [order.index(check["verdict"]) for check in found["checks"]]
    assert places == sorted(places) and len(places) == 8


def test_a_study_is_ordered_by_its_distance_to_retraining(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    rows = [("original", 0.14), ("retrained", 0.0), ("retrained_again", 0.02), ("ga", 0.2), ("ft", 0.1)]
    methods = pd.DataFrame(rows, columns=["method", "gap"]).assign(only_fine_tunes=False, TA=0.8, FA=0.7)
    methods["differs_from_original"] = methods["differs_from_floor"] = True
    interval(methods, "gap", "TA", "FA").to_csv(tmp_path / "tables/deepunlearn_digits_mlp.csv", index=False)
    lira = pd.DataFrame({"method": ["original", "retrained", "ft"], "accuracy": [0.75, 0.5, 0.6], "variant": DEFAULT})
    interval(lira, "accuracy").to_csv(tmp_path / "tables/deepunlearn_lira_digits_mlp.csv", index=False)
    lira_gates = tmp_path / "deepunlearn/digits/mlp/lira/gates.json"
    lira_gates.parent.mkdir(parents=True)
    write_gates(lira_gates, [Gate("ulira_original_leaks", 0.2, 0.0, True, "more than by chance", None)])
    found = of_study(tmp_path, "digits_mlp", [Gate("original_above_noise_floor", 0.1, 0.2, False, "smallest gap", None)])
    names = [row["name"] for row in found["table"]["rows"]]
    assert names == ["retrained", "retrained again", "FT", "original", "GA"]
    told = {row["name"]: [cell["text"] for cell in row["cells"]] for row in found["table"]["rows"]}
    assert told["FT"] == ["0.100 [0.080, 0.120]", "60 % [58, 62]", "80 % [78, 82]", "70 % [68, 72]"]
    assert told["GA"][1] == "not known", "U-LiRA does not attack every method"
    assert [check["verdict"] for check in found["checks"]] == ["does not hold", "holds"]
    json.dumps(found, allow_nan=False)


def test_a_canvas_says_what_is_drawn_instead_where_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    rows = [("base", 0.0), ("uce", 0.95)]
    table = pd.DataFrame(rows, columns=["method", "ua"]).assign(kind="style", protocol="default", judge=1, ira=1.0, cra=0.5)
    file = "tables/unlearncanvas_demo_canvas.csv"
    interval(table, "ua", "ira", "cra").to_csv(tmp_path / file, index=False)
    demo = of_canvas(tmp_path, "canvas", file, [], None)
    assert [row["group"] for row in demo["table"]["rows"]] == ["styles forgotten"] * 2 and not demo["checks"]
    assert [row["reference"] for row in demo["table"]["rows"]] == [True, False]
    drawn = [("uce", 0, "photo", 0.9), ("uce", 0, "oil", 0.1), ("uce", 1, "photo", 0.3), ("uce", 1, "ink", 0.7)]
    confusion = pd.DataFrame(drawn, columns=["method", "concept", "drawn", "share"]).assign(
        kind="style", attribute="style", judge=1
    )
    whole = of_canvas(tmp_path, "canvas", file, GATES, confusion)
    instead = {row["name"]: row["cells"][3]["text"] for row in whole["table"]["rows"]}
    assert instead == {"base": "not known", "UCE": "photo, 60 %"}
    assert [check["verdict"] for check in whole["checks"]] == ["does not hold", "holds"]
