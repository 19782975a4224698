"""Claims are read from finished tables; what does not hold is a row like any other."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from lethe.tools.claims import claims, finished_benchmarks, finished_studies, finished_tasks, table, text


@pytest.fixture
def world(tmp_path: Path) -> Path:
    tables = tmp_path / "tables"
    tables.mkdir()
    gates = [{"gate": "none_is_zero", "value": 0.0, "target": 0.0, "holds": True, "how": "x"}]
    gates += [{"gate": "rises_with_true_similarity", "value": 0.2, "target": 0.01, "holds": False, "how": "y"}]
    (tables / "gates_people.json").write_text(json.dumps(gates))
    methods = ["none", "uce", "distil", "munba", "retrain"]
    unlearning = pd.DataFrame({"method": methods, "judge_emitter": [1, 0.1, 0.2, 0.5, 0], "others_kept": [1, 0.9, 0.99, 0.7, 1]})
    unlearning["judge_emitter_high"] = unlearning["judge_emitter"] + 0.05
    unlearning["others_kept_low"] = unlearning["others_kept"] - 0.05
    unlearning.to_csv(tables / "unlearning_people.csv", index=False)
    similarity = pd.DataFrame({"method": "uce", "metric": "ssim", "similarity": ["clip", "true"], "q": [0.2, 0.001]})
    similarity.assign(spearman=0.3, low=0.1, high=0.5).to_csv(tables / "similarity_people.csv", index=False)
    relations = {"p": [0.2, 0.01, None], "q": [0.3, 0.2, None], "published_p_1": [0.04, 0.01, 0.01]}
    pd.DataFrame(relations | {"published_significant": [True, True, True]}).to_csv(tables / "relations_people.csv", index=False)
    return tmp_path


def test_each_claim_is_one_row(world: Path) -> None:
    rows = {row.id: row for row in claims(world, ["people"])}
    assert {number: rows[number].holds for number in rows} == {
        "C1": True, "C2": None, "C3": False, "C4": True, "C5": False, "C17": False, "C18": True,
    }  # fmt: skip
    assert rows["C4"].value == 2 and rows["C5"].value == 0.7 and rows["C17"].value == 0.2 and rows["C18"].value == 2
    assert (
        rows["C4"].verdict == "holds with a doubt" and rows["C4"].doubt == "with the upper end of the intervals 1 of 3 methods do"
    )
    assert {rows[number].verdict for number in ("C1", "C2", "C3")} == {"holds", "not measured", "does not hold"}
    assert rows["C1"].target == "= 0" and rows["C3"].target == "p < 0.01" and rows["C2"].how == "this world has no judge"
    assert "does not hold" in text(list(rows.values())) and "not measured" in text(list(rows.values()))
    assert list(table(list(rows.values())).columns)[:5] == ["id", "scope", "claim", "value", "target"]


def test_deep_unlearn_and_benchmarks_are_claims_too(tmp_path: Path) -> None:
    world, lira = tmp_path / "mini", tmp_path / "mini/deepunlearn/fashion_mnist/mlp/lira"
    lira.mkdir(parents=True)
    gates = [{"gate": "ulira_retrained_is_null", "value": 0.53, "target": 0.5, "holds": False, "how": "x"}]
    (lira / "gates.json").write_text(json.dumps(gates))
    (tmp_path / "bench").mkdir()
    bench = {"value": {"seconds": 16.71, "jobs": 1021}, "target": {"seconds": 20, "jobs": 5000}, "holds": True, "how": "y"}
    for name in ("dry_run", "unclaimed"):
        (tmp_path / f"bench/{name}.json").write_text(json.dumps(bench))
    assert (finished_studies(world), finished_benchmarks(world)) == (["fashion_mnist_mlp"], ["dry_run", "unclaimed"])
    dry_run, attack = claims(world, [], finished_studies(world), finished_benchmarks(world))
    assert (dry_run.id, dry_run.value, dry_run.holds) == ("C7", "seconds 16.7, jobs 1021", True)
    assert (attack.id, attack.scope, attack.value, attack.holds) == ("C12", "fashion_mnist_mlp", 0.53, False)
    assert "seconds 16.7" in text([dry_run]) and "does not hold" in text([attack])


def test_only_finished_tasks_are_told(world: Path) -> None:
    assert finished_tasks(world) == ["people"]
    (world / "tables/relations_people.csv").unlink()
    assert finished_tasks(world) == []
    with pytest.raises(FileNotFoundError, match="relations_people"):
        claims(world, ["people"])
