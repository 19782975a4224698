"""Names of files: as Snakemake writes them from patterns, and as it warns of them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import io
from snakemake.exceptions import WildcardError
from snakemake.io import IOFile, _IOFile, ancient, directory
from snakemake.iocontainers import Wildcards
from snakemake.pathvars import Pathvars

from lethe.execution import patterns

WILDCARDS = {"task": "people", "batch": "01", "method": "uce", "n": 3, "odd": "a%s{task}"}
PATTERNS = [
    "models/{task}_{batch}0_{method}_000/delta.safetensors",
    "<results>/{task}/{task,[a-z]{2,9}}.json",
    "{task}",
    "100%/{ n }%s%%.txt",
    "{odd}/{odd}",
    "plain.txt",
    "a/{{task}}.txt",
    "folder/{task}/",
    "",
]
NAMES = ["a/b.txt", "./a", "../a", " a", "a ", "a//b", "http://a", "a\nb", "a/{b-c}.txt", "a/{b}.txt", "", ".a/b"]
RULE: Any = SimpleNamespace(pathvars=Pathvars.with_defaults(), name="rule", lineno=1, snakefile="Snakefile")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Snakemake as it was."""
    yield
    _IOFile.apply_wildcards, _IOFile.check = patterns._ordinary, patterns._check


def state(file: Any) -> tuple[Any, ...]:
    """All that a file of Snakemake is."""
    kept = file._file
    return (
        str(file),
        type(file),
        str(kept),
        type(kept),
        kept.flags,
        kept.callable,
        file.rule,
        file.is_callable(),
        file.regex().pattern,
    )


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("flag", [str, ancient, directory])
def test_names_are_those_of_snakemake(pattern: str, flag: Any) -> None:
    file = IOFile(flag(pattern), rule=RULE)
    for wildcards in (WILDCARDS, Wildcards(fromdict=WILDCARDS)):
        expected = state(patterns._ordinary(file, wildcards))
        assert patterns.take_apart_once() and patterns.take_apart_once()
        assert [state(file.apply_wildcards(wildcards)) for _ in range(2)] == [expected] * 2
        assert patterns.filled(str(file), wildcards) == io.apply_wildcards(str(file), wildcards)
    made = file.apply_wildcards(WILDCARDS)
    made.flags["own"] = True
    assert "own" not in file.flags  # and not of others of this pattern


def test_functions_and_files_without_a_rule_go_the_ordinary_way() -> None:
    patterns.take_apart_once()
    assert str(IOFile(lambda wildcards: f"{wildcards.task}.txt", rule=RULE).apply_wildcards(WILDCARDS)) == "people.txt"
    assert str(IOFile("{task}.txt").apply_wildcards(WILDCARDS)) == "people.txt"


def test_a_wildcard_without_a_value_is_named() -> None:
    patterns.take_apart_once()
    with pytest.raises(WildcardError, match="lost"):
        IOFile("{task}/{lost}", rule=RULE).apply_wildcards(WILDCARDS)


@pytest.mark.parametrize("name", NAMES)
def test_warnings_are_those_of_snakemake(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(io.logger, "warning", warned.append)
    file = IOFile(name, rule=RULE)
    patterns._check(file)
    ordinary = list(warned)
    patterns.take_apart_once()
    warned.clear()
    file.check()
    assert warned == ordinary


def test_a_pattern_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    monkeypatch.setattr(patterns, "_known", {})
    monkeypatch.setattr(patterns, "_apart", lambda pattern: searched.append(pattern) or ("%s.txt", ("task",)))  # type: ignore[func-returns-value]
    patterns.take_apart_once()
    file = IOFile("{task}.txt", rule=RULE)
    assert [str(file.apply_wildcards({"task": task})) for task in "ab"] == ["a.txt", "b.txt"]
    assert searched == ["{task}.txt"]


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(patterns.logger, "warning", warned.append)
    monkeypatch.setattr(io, "apply_wildcards", lambda pattern: pattern)
    assert not patterns.take_apart_once() and "another way than known here" in warned[0]
    assert _IOFile.apply_wildcards is patterns._ordinary
