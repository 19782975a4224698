"""What a rule gives becomes the arguments of its function, by name, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lethe.execution.run import Given, bind, load_function


def compute(base: Path, table: Path, level: float, task: str, weights: Sequence[Path] = (), threads: int = 1) -> None: ...


def pack(files: list[Path], outputs: list[Path]) -> None: ...


def execute(source: Path, inputs: dict[str, Any]) -> None: ...


def given(**parts: dict[str, Any]) -> Given:
    whole = {"input": {"base": "b"}, "output": {"table": "t"}, "params": {"level": 0.9}, "wildcards": {"task": "people"}}
    return Given(**(whole | parts))


def test_names_meet() -> None:
    assert bind(compute, given()) == {"base": "b", "table": "t", "level": 0.9, "task": "people"}
    others = given(wildcards={"task": "people", "epochs": "000"}, params={"level": 0.9, "job": "x", "keep": True, "work": "w"})
    assert bind(compute, others) == bind(compute, given())  # wildcards need not be taken, nor what speaks of the job itself


def test_an_empty_input_is_left_to_the_default() -> None:
    assert "weights" not in bind(compute, given(input={"base": "b", "weights": []}))
    assert bind(compute, given(input={"base": "b", "weights": ["w"]}))["weights"] == ["w"]
    assert bind(pack, given(input={"files": []}, params={}))["files"] == []  # where there is none, it is an empty list


def test_outputs_are_all_of_them() -> None:
    found = bind(pack, given(input={"files": ["a"]}, output={"tar": "t", "parts": ["p", "q"]}, params={}))
    assert found == {"files": ["a"], "outputs": ["t", "p", "q"]}


def test_inputs_without_an_argument_of_their_own_are_one_argument() -> None:
    files = {"source": "a.ipynb", "tar": "a.tar", "lists": ["x", "y"]}
    found = bind(execute, given(input=files, output={}, params={}))
    assert found == {"source": "a.ipynb", "inputs": {"tar": "a.tar", "lists": ["x", "y"]}}
    assert bind(execute, given(input={"source": "a"}, output={}, params={})) == {"source": "a", "inputs": {}}


def test_outputs_without_names_are_refused() -> None:
    """They would be left out, and nothing made."""
    with pytest.raises(TypeError, match="gives no output by name"):
        bind(pack, given(input={"files": ["a"]}, output={}, params={}))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"params": {}}, "'level' is missing"),
        ({"params": {"levl": 0.9}}, "'levl' is not taken; 'level' is missing; did you mean 'levl'"),
        ({"input": {"base": "b", "other": "o"}}, "input 'other' is not taken"),
        ({"output": {"table": "t", "figure": "f"}}, "output 'figure' is not taken"),
        ({"params": {"level": 0.9, "task": {}}}, "'task' stands for two things"),
        ({"input": {"base": "b", "table": "x"}}, "'table' stands for two things"),
    ],
)
def test_what_does_not_fit_is_named(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=r"test_workflow_run:compute does not fit its rule: .*") as error:
        bind(compute, given(**parts))
    assert message in str(error.value)


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="has no function 'unpck'; did you mean 'unpack'"):
        load_function("lethe.io.unpack:unpck")
