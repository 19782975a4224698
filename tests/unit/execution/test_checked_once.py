"""Checks of the plan refuse what Snakemake refuses, and read no script twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lethe.execution import checked_once

SNAKEFILE = """
from lethe.execution.checked_once import check_once

check_once()


rule all:
    input:
        "found/x.txt",
        "FOLDER/y.txt",


rule folder:
    output:
        directory("found"),
    shell:
        "mkdir {output}"


rule inside:
    output:
        "{name}/x.txt",
    script:
        "SCRIPT"


rule other:
    output:
        "FOLDER/y.txt",
    shell:
        "touch {output}"
"""


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Snakemake as it was."""
    yield
    checked_once.dag.DAG.check_directory_outputs = checked_once._directories
    checked_once.dag.ScriptProcessor.process_job = checked_once._script


def plan(folder: Path, *targets: str, inside: str = "apart", script: str = "there.py") -> subprocess.CompletedProcess[str]:
    (folder / "there.py").write_text("print(1)\n")
    (folder / "Snakefile").write_text(SNAKEFILE.replace("FOLDER", inside).replace("SCRIPT", script))
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--", *targets]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_an_output_in_another_one_is_refused(tmp_path: Path) -> None:
    assert plan(tmp_path).returncode == 0
    refused = plan(tmp_path, "found", "found/y.txt", inside="found")
    assert refused.returncode == 1 and "ChildIOException" in refused.stdout + refused.stderr, refused.stdout


def test_a_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused = plan(tmp_path, script="lost.py")
    assert refused.returncode == 1 and "lost.py" in refused.stdout + refused.stderr, refused.stdout


@pytest.mark.parametrize(
    ("outputs", "may"),
    [
        ({"a/b", "a/c", "a/b.json"}, False),
        ({"a/b", "a/b/c/d"}, True),
        ({"a", "a-b/c", "a/b"}, True),
        ({"/a/b"}, True),
        ({"a/./b"}, True),
        ({"a//b"}, True),
        ({"../a"}, True),
        ({"a/"}, True),
        ({"a"}, False),
        (set(), False),
    ],
)
def test_what_may_lie_in_another(outputs: set[str], may: bool) -> None:
    assert checked_once.nested(outputs) == may


def test_a_script_is_read_once_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    monkeypatch.setattr(checked_once, "_script", lambda self, job: read.append(job))
    processor = SimpleNamespace(script_type="script")
    jobs = [
        SimpleNamespace(rule=SimpleNamespace(name=name, script=script))
        for name, script in [("a", "s.py"), ("b", "{wildcards.x}.py")]
    ]
    for job in jobs * 3:
        checked_once._check_script(processor, job)
    assert [job.rule.name for job in read] == ["a", "b", "b", "b"]


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(checked_once.logger, "warning", warned.append)
    monkeypatch.setattr(checked_once, "_script", None)
    before = checked_once.dag.ScriptProcessor.process_job
    assert not checked_once.check_once() and "another way than known here" in warned[0]
    assert checked_once.dag.ScriptProcessor.process_job is before
