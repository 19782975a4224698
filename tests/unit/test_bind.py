"""What a rule gives becomes the arguments of its function, by name."""

from __future__ import annotations

import pytest

from lethe.workflow.run import Given, bind


def given(**parts: dict[str, object]) -> Given:
    empty: dict[str, dict[str, object]] = {"input": {}, "output": {}, "params": {}, "wildcards": {}}
    return Given(**(empty | parts))


def test_inputs_without_an_argument_of_their_own_are_one_argument() -> None:
    def execute(source: str, inputs: dict[str, object], html: str) -> None: ...

    found = bind(execute, given(input={"source": "a.ipynb", "tar": "a.tar", "lists": ["x", "y"]}, output={"html": "a.html"}))
    assert found == {"source": "a.ipynb", "inputs": {"tar": "a.tar", "lists": ["x", "y"]}, "html": "a.html"}
    assert bind(execute, given(input={"source": "a"}, output={"html": "b"})) == {"source": "a", "inputs": {}, "html": "b"}


def test_every_output_is_one_argument_where_the_function_asks_for_all() -> None:
    def unpack(outputs: list[str]) -> None: ...

    assert bind(unpack, given(output={"table": "t.csv", "models": ["a", "b"]})) == {"outputs": ["t.csv", "a", "b"]}


def test_an_input_without_files_is_left_to_its_default() -> None:
    def train(data: str, weights: tuple[str, ...] = ()) -> None: ...

    assert bind(train, given(input={"data": "d", "weights": []})) == {"data": "d"}
    assert bind(train, given(input={"data": "d", "weights": ["w"]})) == {"data": "d", "weights": ["w"]}


def test_a_function_takes_what_wildcards_it_likes_and_nothing_that_speaks_of_the_job() -> None:
    def score(task: str) -> None: ...

    assert bind(score, given(params={"job": "x:y@z", "keep": False}, wildcards={"task": "a", "method": "b"})) == {"task": "a"}


def test_what_does_not_fit_is_named_all_at_once() -> None:
    def score(table: str, task: str, seed: int) -> None: ...

    faulty = given(input={"tabel": "t"}, params={"task": {}, "seed": 1}, wildcards={"task": "a"})
    with pytest.raises(TypeError, match="score does not fit its rule") as caught:
        bind(score, faulty)
    message = str(caught.value)
    for fault in ("input 'tabel' is not taken", "'task' stands for two things", "'table' is missing; did you mean 'tabel'"):
        assert fault in message
    assert "seed" not in message
