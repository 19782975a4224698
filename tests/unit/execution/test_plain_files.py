"""Files are equal, found and flagged as Snakemake says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake.io import AnnotatedString, IOFile, _IOFile, ancient, directory, is_callable, temp, unpack
from snakemake.iocontainers import InputFiles
from snakemake.pathvars import Pathvars

from lethe.execution import plain_files

RULE: Any = SimpleNamespace(pathvars=Pathvars.with_defaults())


def some(wildcards: Any) -> list[str]:
    return []


def other(wildcards: Any) -> list[str]:
    return []


TEXTS = [
    "a/b.txt",
    ancient("a/b.txt"),
    directory("a/b.txt"),
    "a/c.txt",
    "<results>/a",
    "results/a",
    "a/b.txt/",
    AnnotatedString(""),
]
FILES: list[Any] = [IOFile(text, rule=RULE) for text in [*TEXTS, some, other, unpack(some)]]
VALUES: list[Any] = [*FILES, *TEXTS, temp("t"), some, unpack(some), Path("a/b.txt"), None, 1, [], {}]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Snakemake as it was."""
    yield
    for user in plain_files.USERS:
        setattr(user, plain_files.NAME, plain_files._ordinary)
    _IOFile.__hash__, _IOFile.__eq__ = plain_files._hash, plain_files._equal


def answers() -> list[Any]:
    """What is equal, what stands in lists, sets and dictionaries, and what is flagged. No function is compared with a function."""
    values = [value for value in VALUES if not is_callable(value)]
    names = [file for file in FILES if not file.is_callable()]
    equal = [(left == right, left != right, right == left) for left, right in product(FILES, values)]
    listed = [value in InputFiles(FILES) for value in values]
    kept = [[len({file, mate}), (file, 1) in {(mate, 1): 0}, mate in {file: 0}] for file, mate in product(FILES, names)]
    texts = [[str(file) in {file}, file in {str(file): 0}] for file in names]
    flags = ("ancient", "directory", "temp", "unpack", "storage_object", "lost")
    flagged = [bool(user.is_flagged(value, flag)) for user in plain_files.USERS for value in VALUES for flag in flags]
    return [equal, listed, kept, texts, flagged, [file.is_storage for file in FILES]]


def test_answers_are_those_of_snakemake() -> None:
    ordinary = answers()
    assert plain_files.compare_as_text() and plain_files.compare_as_text()
    assert answers() == ordinary
    assert any(ordinary[4]) and not all(ordinary[4])


def test_no_function_is_called_for_a_hash() -> None:
    plain_files.compare_as_text()
    assert _IOFile.__hash__ is str.__hash__ and _IOFile.__eq__ is str.__eq__
    assert all(hash(file) == hash(str(file)) for file in FILES)


def test_a_flag_that_is_set_to_nothing_is_none() -> None:
    file = IOFile(ancient("a"), rule=RULE)
    file.flags["ancient"] = False
    assert not plain_files.has_flag(file, "ancient")


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(plain_files.logger, "warning", warned.append)
    monkeypatch.setattr(plain_files.jobs, plain_files.NAME, lambda value, flag: False)
    assert not plain_files.compare_as_text() and "another way than known here" in warned[0]
    assert _IOFile.__hash__ is plain_files._hash
