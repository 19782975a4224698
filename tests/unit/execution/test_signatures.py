"""Signatures of the functions of rules: as Snakemake tells them, read once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from snakemake.common import get_input_function_aux_params, overwrite_function_params

from lethe.execution import signatures


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Snakemake as it was."""
    yield
    for user in signatures.USERS:
        setattr(user, signatures.NAME, signatures._ordinary)


class Plan:
    """Methods as rules have them."""

    def memory(self, wildcards: Any, attempt: int) -> int:
        return attempt

    @staticmethod
    def static(wildcards: Any) -> int:
        return 0


def told(wildcards: Any, input: Any, **more: Any) -> int:
    return 0


class Unhashable:
    """A callable that cannot be a key."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, wildcards: Any, threads: int) -> int:
        return threads


FUNCTIONS = [Plan().memory, Plan.memory, Plan().static, told, lambda wildcards: [], partial(told, input=None), Unhashable()]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_signatures_are_those_of_snakemake(function: Any) -> None:
    candidates = {"input": 1, "attempt": 2, "threads": 3, "self": 4}
    ordinary = get_input_function_aux_params(function, candidates)
    assert signatures.keep_signatures() and signatures.keep_signatures()
    for _ in range(2):
        assert signatures.parameters_of(function) == inspect.signature(function).parameters
        assert get_input_function_aux_params(function, candidates) == ordinary


def test_each_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    monkeypatch.setattr(signatures, "_known", {})
    monkeypatch.setattr(signatures, "_ordinary", lambda func: read.append(func) or {})  # type: ignore[func-returns-value]
    for plan in (Plan(), Plan()):
        signatures.parameters_of(plan.memory)
    assert len(read) == 1


def test_what_a_function_says_of_itself_counts() -> None:
    def function(*given: Any) -> None: ...

    overwrite_function_params(function, ["wildcards", "input"])
    assert signatures.parameters_of(function) == ["wildcards", "input"]


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(signatures.logger, "warning", warned.append)
    monkeypatch.setattr(signatures.rules, signatures.NAME, lambda func: {})
    assert not signatures.keep_signatures() and "another way than known here" in warned[0]
    assert getattr(signatures.common, signatures.NAME) is signatures._ordinary
