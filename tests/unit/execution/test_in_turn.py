"""Questions about files have Snakemake's answers, and make no tasks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake.exceptions import ProtectedOutputException
from snakemake.io import IOCache, IOFile, _IOFile
from snakemake.jobs import Job
from snakemake.pathvars import Pathvars

from lethe.execution import in_turn


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Snakemake as it was."""
    yield
    _IOFile.inventory, Job.check_protected_output = in_turn._inventory, in_turn._protected
    Job.output_mintime = property(in_turn._age)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of which two are there, of different age."""
    monkeypatch.chdir(tmp_path)
    for age, name in enumerate(("old.txt", "sub/new.txt", "sub/bench.tsv")):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
        os.utime(name, (100 + age, 100 + age))
    return tmp_path


def job(*names: str, benchmark: str | None = None) -> Any:
    """A job with these outputs, whose files are asked about anew."""
    workflow = SimpleNamespace(iocache=IOCache(max_wait_time=20))
    rule: Any = SimpleNamespace(
        pathvars=Pathvars.with_defaults(), workflow=workflow, name="rule", lineno=1, snakefile="Snakefile"
    )
    made = SimpleNamespace(output=[IOFile(name, rule=rule) for name in names], rule=rule, wildcards=None)
    made.benchmark = IOFile(benchmark, rule=rule) if benchmark else None
    return made


@pytest.mark.parametrize("benchmark", [None, "sub/bench.tsv", "lost.tsv"])
@pytest.mark.parametrize("names", [("old.txt", "sub/new.txt"), ("sub/new.txt", "lost.txt"), ("lost.txt",), ()])
def test_the_oldest_output_is_that_of_snakemake(names: tuple[str, ...], benchmark: str | None) -> None:
    ordinary = asyncio.run(in_turn._age(job(*names, benchmark=benchmark)))
    assert asyncio.run(in_turn._oldest(job(*names, benchmark=benchmark))) == ordinary


def test_folders_are_listed_as_by_snakemake() -> None:
    caches = []
    for look in (in_turn._inventory, in_turn._look_around):
        made = job("sub/new.txt", "sub/deep/lost.txt", "old.txt", "lost/a/b.txt")
        for file in made.output * 2:
            asyncio.run(look(file))
        caches.append((dict(made.rule.workflow.iocache.exists_local), made.rule.workflow.iocache.exists_local.has_inventory))
    assert caches[0] == caches[1] and caches[0][0]["sub/new.txt"] and "sub" in caches[0][1]


def test_a_protected_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = job("old.txt", "sub/new.txt", "lost.txt")
    asyncio.run(in_turn._check_protected(made))
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "sub/new.txt")  # root may write everything
    for check in (in_turn._protected, in_turn._check_protected):
        with pytest.raises(ProtectedOutputException) as refused:
            asyncio.run(check(made))
        assert str(refused.value).splitlines()[-1].split() == ["sub/new.txt"]


def test_no_tasks_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_turn.ask_in_turn() and in_turn.ask_in_turn()
    made = job("old.txt", "sub/new.txt")

    async def ask() -> int:
        before = len(asyncio.all_tasks())
        monkeypatch.setattr(asyncio, "TaskGroup", None)
        monkeypatch.setattr(asyncio, "gather", None)
        await made.output[1].inventory()
        await Job.check_protected_output(made)
        await Job.output_mintime.fget(made)
        return len(asyncio.all_tasks()) - before

    assert asyncio.run(ask()) == 0


@pytest.mark.parametrize(("name", "ordinary"), [("_check_protected", "_protected"), ("_oldest", "_age")])
def test_files_in_a_storage_go_the_ordinary_way(name: str, ordinary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def answer(self: Any) -> None:
        asked.append(self)

    monkeypatch.setattr(in_turn, ordinary, answer)
    stored = SimpleNamespace(output=[SimpleNamespace(is_storage=True)])
    asyncio.run(getattr(in_turn, name)(stored))
    assert asked == [stored]


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(in_turn.logger, "warning", warned.append)
    monkeypatch.setattr(in_turn, "_age", None)
    assert not in_turn.ask_in_turn() and "another way than known here" in warned[0]
    assert _IOFile.inventory is in_turn._inventory and Job.check_protected_output is in_turn._protected
