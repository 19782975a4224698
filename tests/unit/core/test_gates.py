"""A gate is one class with one policy, whichever benchmark it belongs to."""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

import lethe
from lethe.benchmarks.deepunlearn.jobs.pass_gates import pass_gates
from lethe.core.gate import Gate, GateError, enforce
from lethe.io.gates import read_gates, write_gates
from lethe.io.tables import CorruptFileError, read_json, write_json
from lethe.settings.gates import Gates
from lethe.settings.models import Settings
from lethe.workflow.configuration import registered_names
from lethe.workflow.gates import GATES, gate_names, stopping

PACKAGE = Path(lethe.__file__).parent
TREES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
BAD = Gate("null", 0.6, 0.5, False, "accuracy", [0.6])
GOOD = Gate("leak", 0.9, 0.5, True, "accuracy", [0.9])


def test_a_gate_that_stops_the_run_is_named() -> None:
    enforce([GOOD, GOOD], ["leak"], "the study")
    with pytest.raises(
        GateError, match="gate 'null' does not hold: 0.6 against 0.5; accuracy\nso the study is not to be believed"
    ):
        enforce([GOOD, BAD], ["null", "leak"], "the study")


def test_any_other_gate_is_told_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        enforce([GOOD, BAD], ["leak"], "the study")
    assert caplog.messages == ["the study: gate 'null' does not hold: 0.6 against 0.5; accuracy"]


def test_a_file_of_gates_gives_the_same_gates(tmp_path: Path) -> None:
    missing = Gate("none", None, 1.0, True, "mean", [])
    write_gates(tmp_path / "gates.json", [GOOD, BAD, missing])
    assert read_gates(tmp_path / "gates.json") == [GOOD, BAD, missing] and not missing.holds
    assert read_json(tmp_path / "gates.json")[0] == {
        "gate": "leak",
        "value": 0.9,
        "target": 0.5,
        "holds": True,
        "how": "accuracy",
    }
    write_json(tmp_path / "other.json", [{"gate": "leak"}])
    with pytest.raises(CorruptFileError, match="other.json"):
        read_gates(tmp_path / "other.json")


def test_what_is_handed_on_where_a_gate_does_not_stop(tmp_path: Path) -> None:
    checked, gates = tmp_path / "checked.json", tmp_path / "gates.json"
    write_gates(checked, [GOOD, BAD])
    with pytest.raises(GateError):
        pass_gates(checked, gates, ["null"], "mlp on digits")
    assert not gates.exists()
    pass_gates(checked, gates, [], "mlp on digits")
    assert gates.read_bytes() == checked.read_bytes()


def test_an_unknown_gate_is_refused_with_the_nearest() -> None:
    names = registered_names()
    with pytest.raises(ValidationError, match="gates.stop: 'none_is_nil' is unknown.*did you mean 'none_is_zero'"):
        Gates.model_validate({"stop": ["none_is_nil"]}, context=names)
    assert Gates.model_validate({"stop": gate_names()}, context=names).stop == gate_names()


def test_a_job_depends_on_its_own_gates_alone() -> None:
    stop = ["none_is_zero", "ulira_original_leaks"]
    found = [stopping(file, stop) for file in GATES]
    assert found == [["none_is_zero"], [], ["ulira_original_leaks"], [], [], [], []]
    assert [stopping(file, Settings().gates.stop) for file in GATES] == [[], [], GATES[list(GATES)[2]], [], [], [], []]


def test_every_gate_of_the_package_is_listed_once() -> None:
    """The first argument of every gate that is made, or of what makes it, is one of the names that may be configured."""
    called = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    first = [call.args[0].value for call in called if isinstance(call.args[0], ast.Constant)]
    made = [
        call.args[0].value
        for call in called
        if isinstance(call.func, ast.Name) and call.func.id == "Gate" and isinstance(call.args[0], ast.Constant)
    ]
    assert set(made) <= set(gate_names()) <= set(first) and len(set(gate_names())) == len(gate_names())


def test_one_place_stops_a_run() -> None:
    raising = {
        file
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc and "GateError" in ast.unparse(node.exc)
    }
    assert raising == {"core/gate.py"}


def test_whatever_judges_returns_gates() -> None:
    """A function named after a gate returns one, a function named after gates several; none returns records."""
    returns = {
        f"{file}:{node.name}": ast.unparse(node.returns) if node.returns else ""
        for file, tree in TREES.items()
        if file.startswith("benchmarks")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.name.startswith("gate_") or node.name.endswith("_gates"))
    }
    returns.pop("benchmarks/deepunlearn/jobs/pass_gates.py:pass_gates")  # a job: it hands a file on
    assert len(returns) >= 14 and set(returns.values()) == {"Gate", "list[Gate]"}
