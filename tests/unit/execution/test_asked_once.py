"""The head process takes a checksum once a job that ended and a size once a run, and records what it recorded before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lethe.execution import asked_once

SNAKEFILE = """
import hashlib
import os

from snakemake.io import _IOFile
from lethe.execution.asked_once import ask_once

counts = {"digests": 0, "sizes": 0}
file_digest, size = hashlib.file_digest, _IOFile.size


def counted(*given):
    counts["digests"] += 1
    return file_digest(*given)


async def counted_size(self):
    counts["sizes"] += 1
    return await size(self)


hashlib.file_digest = counted


onstart:
    _IOFile.size = counted_size
    if os.environ["ONCE"] == "1":
        assert ask_once(workflow)
    counts.update(digests=0, sizes=0)


onsuccess:
    print("COUNTED", counts["digests"], counts["sizes"])


rule all:
    input:
        expand("{batch}/{unit}.txt", batch=range(4), unit=range(3)),


rule batch:
    input:
        "a.in",
        "b.in",
    output:
        expand("{{batch}}/{unit}.txt", unit=range(3)),
    shell:
        "touch {output}"
"""


def run_in(folder: Path, once: bool) -> tuple[int, int]:
    """Digests and sizes that a run asked for."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    for name in ("a", "b"):
        (folder / f"{name}.in").write_text(name)
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "-c1"],
        cwd=folder,
        env={**os.environ, "ONCE": str(int(once))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    _, digests, sizes = next(line for line in run.stdout.splitlines() if line.startswith("COUNTED")).split()
    return int(digests), int(sizes)


def records(folder: Path) -> list[dict]:
    """What Snakemake wrote down of every output, without times."""
    found = [json.loads(file.read_text()) for file in sorted((folder / ".snakemake/metadata").iterdir())]
    return [{key: value for key, value in record.items() if "time" not in key and key != "job_hash"} for record in found]


def test_checksums_are_taken_once_a_job_and_sizes_once_a_run(tmp_path: Path) -> None:
    ordinary, ours = (run_in(tmp_path / str(once), once) for once in (False, True))
    assert ordinary[0] == 4 * 3 * 2 and ours[0] == 4 * 2  # jobs x outputs x inputs
    assert ours[1] < ordinary[1]
    assert records(tmp_path / "True") == records(tmp_path / "False") != []


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(asked_once.logger, "warning", warned.append)
    persistence = SimpleNamespace(finished=lambda job, at: None)
    scheduler = SimpleNamespace(update_input_sizes=lambda jobs: None, _input_sizes={})
    assert not asked_once.ask_once(SimpleNamespace(persistence=persistence, scheduler=scheduler))
    assert warned == [asked_once.WARNING] and asked_once._IOFile.checksum is asked_once._checksum
