"""Deep Unlearn in the smallest demo: its tables, an edited method, a gate that fails, searched hyper-parameters, missing data."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import Clone, planned_jobs, planned_messages

pytestmark = pytest.mark.workflow
TABLES = Path("results/smoke/tables")


def test_tables_hold_every_method_and_both_references(finished: Clone) -> None:
    methods = pd.read_csv(finished.folder / TABLES / "deepunlearn_digits_mlp.csv").set_index("method")
    assert set(methods.index) == {"original", "retrained", "retrained_again", "ft", "ga", "ct"}
    assert (methods["seeds"] == 3).all() and methods.loc["retrained", "retdev_paired"] == 0
    assert methods.loc["original", "FA"] > methods.loc["retrained", "FA"]  # it has seen the forget set
    untimed = ["original", "retrained_again"]
    assert methods["seconds"].drop(untimed).gt(0).all() and methods.loc[untimed, "seconds"].isna().all()
    assert methods[["FA_mislabelled", "FA_rightly", "TA_clean"]].stack().between(0, 1).all()
    for kind in ("study", "search"):
        (gate,) = json.loads((finished.folder / TABLES / f"deepunlearn_{kind}_gates_digits_mlp.json").read_text())
        assert gate["value"] is not None and gate["how"]
    assert (methods.loc[["ft", "ga", "ct"], "rte_with_search"] < methods.loc[["ft", "ga", "ct"], "rte"]).all()
    lira = pd.read_csv(finished.folder / TABLES / "deepunlearn_lira_digits_mlp.csv")
    assert set(lira["variant"]) == {"published", "logit_insample", "logit_leave_one_split_out"} and len(lira) == 9
    gates = json.loads((finished.folder / TABLES / "deepunlearn_gates_digits_mlp.json").read_text())
    assert [gate["holds"] for gate in gates] == [True, True]


def test_editing_a_method_reruns_its_jobs_alone(finished: Clone) -> None:
    file = finished.folder / "src/lethe/classifiers/methods/ct.py"
    before = file.read_text()
    try:
        file.write_text(before + "\nEDITED = True\n")
        output = finished.snakemake("-n", "all")
    finally:
        file.write_text(before)
    assert planned_jobs(output)["forget_samples"] == 1
    assert any(message.startswith("ct on mlp") for message in planned_messages(output))
    assert not {"classifiers", "lira_models", "lira_forget", "unlearn"} & set(planned_jobs(output))


def test_a_gate_that_does_not_hold_stops_the_run(finished: Clone) -> None:
    gates = finished.folder / "results/smoke/deepunlearn/digits/mlp/lira/gates.json"
    target = TABLES / "deepunlearn_gates_digits_mlp.json"
    before = gates.read_text()
    digest = finished.folder / "results/smoke/.checksums/deepunlearn/digits/mlp/lira/gates.json.sha256"
    hashed = digest.read_text()
    digest.unlink()  # else the edited gates are refused as damaged
    try:
        gates.write_text(json.dumps([entry | {"holds": False} for entry in json.loads(before)]))
        output = finished.snakemake("-c1", "--rerun-triggers", "mtime", "--", str(target), check=False)
        assert output.startswith("exit 1") and "gate 'ulira_retrained_is_null' does not hold" in output
        assert not (finished.folder / target).exists()
    finally:
        gates.write_text(before)
        digest.write_text(hashed)
        finished.snakemake("-c1", "--rerun-triggers", "mtime", "--", str(target))


def test_hyperparameters_can_be_searched(finished: Clone) -> None:
    """In a world of its own, so that the finished one stays as it is."""
    folder = Path("results/searched/deepunlearn/digits/mlp")
    settings = ("--config", "world=searched", "deepunlearn={hyperparameters: searched}")
    output = finished.snakemake("-c2", *settings, "--", str(folder / "unlearned/ft.safetensors"))
    assert "Traceback" not in output and (finished.folder / folder / "unlearned/ft.safetensors").exists()
    found = json.loads((finished.folder / folder / "search/ft.json").read_text())
    assert set(found["values"]) == {"learning_rate", "weight_decay", "batch_size", "num_epochs"}
    trials = pd.read_parquet(finished.folder / folder / "search/ft.parquet")
    assert len(trials) == 4 and set(trials["model"]) == {0, 1}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("deepunlearn={datasets: {digits: {methods: [ftt]}}}", "'ftt' is unknown; allowed: .*did you mean 'ft'"),
        ("deepunlearn={datasets: {digits: {forget_share: 1.5}}}", "forget_share"),
    ],
)
def test_a_wrong_setting_is_one_message(clone: Clone, config: str, message: str) -> None:
    output = clone.snakemake("-n", "all", "--config", config, check=False)
    assert output.startswith("exit 1") and re.search(message, output) and "Traceback" not in output
