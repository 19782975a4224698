"""A clone of the working tree in which Snakemake runs for real, and one finished run of the smallest demo in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from tests.started import run_snakemake

ROOT = Path(__file__).parents[2]
SMOKE = "tests/workflow/smoke.yaml"


@dataclass(frozen=True)
class Clone:
    """A copy of the working tree, where nothing was ever run."""

    folder: Path

    def command(self, *arguments: str, config: str | None = SMOKE) -> list[str]:
        """The command line of Snakemake; the arguments begin with an option, since ``--configfile`` takes what follows it."""
        configfile = ["--configfile", config] if config else []
        return [sys.executable, "-m", "snakemake", *configfile, *arguments]

    def environment(self) -> dict[str, str]:
        """Of its processes: the package of the clone, not the installed one."""
        return os.environ | {"PYTHONPATH": str(self.folder / "src"), "PYTHONUNBUFFERED": "1"}

    def snakemake(self, *arguments: str, config: str | None = SMOKE, check: bool = True) -> str:
        """Run Snakemake; return all it printed."""
        done = run_snakemake(self.command(*arguments, config=config)[3:], self.folder, self.environment())
        if check and done.returncode:
            raise AssertionError(f"{' '.join(arguments)} failed:\n{done.stdout[-6000:]}")
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}\n{done.stdout}"


def planned_messages(output: str) -> list[str]:
    """The message of every job of a dry run; a job with a message is printed by it."""
    return re.findall(r"^Job \d+: (.*)$", output, flags=re.MULTILINE)


def planned_jobs(output: str) -> dict[str, int]:
    """rule -> number of jobs, from the table of a dry run."""
    if "Job stats: no jobs" in output:
        return {}
    table = re.search(r"^Job stats: \d+ jobs of \d+ rules\n((?:  .*\n)+)", output, flags=re.MULTILINE)
    assert table is not None, output[-3000:]
    return {name: int(count) for name, count in re.findall(r"(\w+) +(\d+)", table[1])}


def clone_to(folder: Path) -> Clone:
    """Copy every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return Clone(folder)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone for dry runs; its name holds a blank, as folders of users do."""
    return clone_to(tmp_path_factory.mktemp("clone") / "le the")


@pytest.fixture(scope="session")
def pristine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with a finished run of the smallest demo, made once for all processes of pytest; read and copy it only."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # a process of pytest-xdist; beside its folder lie those of the others
        folder = folder.parent
    clone, made = Clone(folder / "pristine/le the"), folder / "pristine/made"
    with FileLock(folder / "pristine.lock"):
        if not made.exists():
            shutil.rmtree(clone.folder, ignore_errors=True)  # of a process that failed
            command = clone_to(clone.folder).command("-c2", "all")  # as users start it, not by tests.started
            done = subprocess.run(command, cwd=clone.folder, env=clone.environment(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
            made.touch()
    return clone


@pytest.fixture(scope="session")
def finished(pristine: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of the finished clone for this process; its tests may add to it."""
    return Clone(shutil.copytree(pristine.folder, tmp_path_factory.mktemp("finished") / "le the", symlinks=True))


@pytest.fixture(scope="module")
def copied(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of the finished clone, which the tests of a file may damage, or kill a run in.

    A run that was killed leaves finished tables, but not all that they were made from: what is not needed any more is not made again.
    """
    return Clone(shutil.copytree(finished.folder, tmp_path_factory.mktemp("copied") / "le the", symlinks=True))
