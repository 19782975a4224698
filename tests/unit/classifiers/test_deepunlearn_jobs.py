"""What jobs of Deep Unlearn decide: what is ranked, what counts as guessing, which models are tuned on, which hyper-parameters are used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.deepunlearn.deepunlearn_tables import METHODS, make_scores

from lethe.benchmarks.deepunlearn.draws import compare_draws
from lethe.benchmarks.deepunlearn.jobs.draws import score_draw, tabulate
from lethe.benchmarks.deepunlearn.jobs.run_times import time_methods
from lethe.benchmarks.deepunlearn.study_gates import gate_search_above_exact
from lethe.benchmarks.deepunlearn.tables import chance_level, study_tables
from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.evaluation import score_runs
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found, found_of, found_of_study
from lethe.classifiers.hyperparameters import pack, shipped
from lethe.classifiers.jobs.forget_samples import forget
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.search import tuned
from lethe.io.tables import read_parquet
from lethe.settings.classifiers import BaseTraining, Search, Selection

FT = Found(
    values={"learning_rate": 0.01, "weight_decay": 0.0, "batch_size": 256, "num_epochs": 1},
    norm=0.1,
    trials=8,
    seconds=2.5,
    norm_retrained=0.01,
    norm_floor=0.05,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "data.safetensors"
    write_data(path, "digits", Selection())
    return path


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_chance_is_the_share_of_the_largest_class() -> None:
    assert chance_level(np.array([3, 0, 3, 1, 3])) == 0.6


def test_what_only_fine_tunes_is_shown_and_not_ranked() -> None:
    times = pd.DataFrame({"method": ["retrained", *METHODS], "seconds": 2.0, "slowest": 3.0})
    found = dict.fromkeys(METHODS, FT)
    for architecture, left_out in (("mlp", {"ct", "msg", "cfw"}), ("tinycnn", set())):
        tables = study_tables(make_scores(architecture=architecture), times, found, architecture, 0.1, 0.95)
        assert set(tables.methods["method"]) == {*METHODS, "retrained", "retrained_again", "original"}
        assert set(tables.methods.loc[tables.methods["only_fine_tunes"], "method"]) == left_out
        assert set(tables.groups["method"]) == set(tables.ranks["method"]) == set(METHODS) - left_out
        assert set(tables.pairs["method"]) == set(METHODS) - left_out and set(tables.floor["measure"]) >= {
            "gap",
            "retdev",
            "mdev",
        }
        rows = tables.methods.set_index("method")
        assert (
            rows.loc[[*left_out, "original", "retrained"], ["differs_from_original", "differs_from_floor"]].isna().all(axis=None)
        )
        assert rows.loc["ga", ["differs_from_original", "differs_from_floor"]].tolist() == [True, True]
    row = tables.methods.set_index("method").loc["ft"]
    assert (row["seconds"], row["search_seconds"], row["slowest"]) == (2.0, 2.5, 3.0)


def test_a_method_at_chance_fails() -> None:
    times = pd.DataFrame({"method": ["retrained", *METHODS], "seconds": 2.0, "slowest": 2.0})
    groups = study_tables(make_scores(), times, dict.fromkeys(METHODS, FT), "mlp", 0.99, 0.95).groups
    assert groups["why"].str.contains("is at chance").sum() > 10


def test_hyperparameters_are_those_kept_or_those_searched(tmp_path: Path) -> None:
    searched = tmp_path / "ft.json"
    searched.write_text(json.dumps(FT.model_dump() | {"norm": 0.2, "norm_original": 0.3}))
    assert found_of(FT, None) == FT and found_of(None, searched).norm == 0.2
    assert found_of_study({"ga": FT}, []) == {"ga": FT} and list(found_of_study({}, [searched])) == ["ft"]
    with pytest.raises(ValueError, match="neither"):
        found_of(None, None)


def test_what_searches_found_is_packed_for_the_configuration(tmp_path: Path) -> None:
    for name, norm in (("ga", 0.2), ("ft", 0.1)):
        (tmp_path / f"{name}.json").write_text(json.dumps(FT.model_dump() | {"norm": norm, "norm_original": 0.123456}))
    place = tmp_path / "digits_mlp.yaml"
    pack([tmp_path / "ga.json", tmp_path / "ft.json"], place, "digits", "mlp", Search(seeds=[100], trials=8))
    found = shipped(tmp_path, "digits", "mlp")
    assert {name: entry.norm for name, entry in found.items()} == {"ft": 0.1, "ga": 0.2} and found["ft"] == FT
    assert "norm_original: 0.1235\n" in place.read_text() and "objective: retrained\n" in place.read_text()


def test_tuning_models_forget_what_is_not_reported(data: Path) -> None:
    experiment = Experiment.load(data, "mlp")
    training = BaseTraining(epochs=1)
    stack = experiment.train(experiment.training_rows().expand(3, -1), [0, 1, 2], training)
    reported = set(experiment.splits["forget"].tolist())
    problem, *references = tuned(experiment, stack, stack, stack, Search(protocol="published", seeds=[0, 2], trials=8))
    assert (
        problem.seeds == [0, 2]
        and [len(problem), *map(len, references)] == [2, 2, 2]
        and set(problem.forget[1].tolist()) == reported
    )
    held_out = experiment.train(experiment.tuning_rows([100, 101])[0], [100, 101], training)
    problem, *references = tuned(experiment, held_out, held_out, held_out, Search(seeds=[100, 101], trials=8))
    assert (
        problem.seeds == [100, 101]
        and references == [held_out, held_out]
        and not reported & set(problem.forget.flatten().tolist())
    )


@pytest.mark.usefixtures("two_threads")
def test_run_times_are_of_one_thread(data: Path, tmp_path: Path) -> None:
    experiment = Experiment.load(data, "mlp")
    training = BaseTraining(epochs=1)
    experiment.train(experiment.training_rows()[None], [0], training).save(tmp_path / "original", {})
    places = {"data": data, "original": tmp_path / "original", "times": tmp_path / "times.parquet"}
    time_methods(**places, architecture="mlp", shipped={"ft": FT}, methods=["ft"], training=training, repeats=1, device="cpu")
    assert torch.get_num_threads() == 1
    assert list(read_parquet(places["times"])["method"]) == ["retrained", "ft"]


def test_no_method_may_be_nearer_to_exact_unlearning_than_the_floor() -> None:
    near, far = FT.model_copy(update={"norm": 0.02}), FT.model_copy(update={"norm": 0.3})
    gate = gate_search_above_exact({"ft": near, "ga": far})
    assert gate.holds and gate.value == pytest.approx(0.01) and gate.target == -0.05 and "1 of 2 methods lie within" in gate.how
    preferred = FT.model_copy(update={"norm": 0.02, "norm_retrained": 0.1})
    gate = gate_search_above_exact({"ft": preferred, "ga": far})
    assert not gate.holds and "(ft)" in gate.how


def test_a_search_that_found_nothing_is_named_by_the_gate() -> None:
    nothing = FT.model_copy(update={"norm": None})
    gate = gate_search_above_exact({"ft": FT.model_copy(update={"norm": 0.3}), "ff": nothing})
    assert gate.holds and gate.how.endswith("without a trial of finite scores: ff")
    alone = gate_search_above_exact({"ff": nothing})
    assert not alone.holds and alone.value is None and "finite scores: ff" in alone.how


def test_runs_of_a_method_are_apart_and_the_first_is_the_only_one(data: Path, tmp_path: Path) -> None:
    experiment = Experiment.load(data, "mlp")
    original = experiment.train(experiment.training_rows().expand(2, -1), [0, 1], BaseTraining(epochs=1))
    original.save(tmp_path / "original", {})
    given = {"data": data, "original": tmp_path / "original", "dataset": "digits", "architecture": "mlp", "unlearner": "ft"}
    for runs in (1, 3):
        forget(**given, models=tmp_path / f"{runs}", shipped=FT, seeds=[0, 1], runs=runs, device="cpu")
    one, three = (Stack.load(tmp_path / f"{runs}") for runs in (1, 3))
    for name, tensor in three.parameters.items():
        assert torch.allclose(tensor[:2], one.parameters[name], atol=1e-6) and len(tensor) == 6
        assert not torch.equal(tensor[2:4], tensor[:2]) and not torch.equal(tensor[4:], tensor[2:4])
    table = score_runs(experiment, experiment.problem(original, [0, 1]), three, "ft")
    assert table["seed"].tolist() == [0, 1] * 3 and table["unlearning_seed"].tolist() == [0, 0, 1, 1, 2, 2]
    first = score_runs(experiment, experiment.problem(original, [0, 1]), one, "ft")
    assert table[:2].drop(columns="unlearning_seed").equals(first.drop(columns="unlearning_seed"))


def test_a_draw_is_a_study_of_its_own(tmp_path: Path) -> None:
    """Two draws of a small training set: other labels and rows, the same hyper-parameters, and what repeats in both."""
    training = BaseTraining(epochs=20)
    for draw in (1, 2):
        write_data(tmp_path / f"{draw}.data", "digits", Selection(train_size=150, label_noise=0.2, forget_share=0.2, draw=draw))
        places = {"data": tmp_path / f"{draw}.data", "scores": tmp_path / f"{draw}.parquet"}
        given = {"architecture": "mlp", "training": training, "seeds": [0, 1, 2], "device": "cpu"}
        score_draw(**places, **given, shipped={"ft": FT, "ga": FT}, methods=["ft", "ga"])
    places = {"table": tmp_path / "table.csv", "summary": tmp_path / "summary.json"}
    tabulate([tmp_path / "1.parquet", tmp_path / "2.parquet"], **places, draws=[1, 2], alpha=0.05)
    summary, table = json.loads(places["summary"].read_text()), pd.read_csv(places["table"])
    assert [entry["draw"] for entry in summary["draws"]] == [1, 2] and {entry["pairs"] for entry in summary["draws"]} == {1}
    assert (
        abs(summary["order"]["gap"]["mean"]) == pytest.approx(1)
        and summary["draws"][0]["floor_p99"] != summary["draws"][1]["floor_p99"]
    )
    assert set(table["method"]) == {"original", "retrained_again", "ft", "ga"} and len(table) == 2 * 3 * 4
    assert table.query("measure == 'gap' and draw == 1").set_index("method")["rank"].dropna().sort_values().tolist() == [1, 2]


def test_the_order_over_draws_by_hand() -> None:
    scores = make_scores(4)
    reversed_ = scores.assign(method=scores["method"].replace({"ft": "ga", "ga": "ft"}))
    some = [
        table[table["method"].isin(["retrained", "retrained_again", "original", "ft", "ga"])] for table in (scores, reversed_)
    ]
    order = compare_draws({1: some[0], 2: some[0], 3: some[1]}).summary["order"]
    assert order["gap"] == pytest.approx({"mean": -1 / 3, "lowest": -1})
    first = compare_draws({1: scores, 2: scores}).summary["draws"][0]
    assert (first["pairs"], first["seeds"], first["above_floor"]) == (18 * 17 / 2, 4, 4) and first["separated"] > 0
    with pytest.raises(ValueError, match="1 draws"):
        compare_draws({1: scores})
