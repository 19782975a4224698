"""A small workflow of scripts before eleven others, started for real, and what it leaves behind: for tests of ``lethe.execution.forked``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lethe.execution import fingerprint, forked

PATIENCE = 120  # seconds in which a busy machine has begun and ended; only a failure takes as long
SNAKEFILE = """
from lethe.execution.forked import fork_scripts
from lethe.execution.parent import announce_parent

announce_parent()

onstart:
    fork_scripts(workflow, ["shared", "lethe.execution.runtime", "numpy"], config.get("device", "cpu"))

rule all:
    input: expand("results/w/later_{{n}}.txt", n=range({later}))

rule later:
    input: expand("results/w/{{name}}.txt", name={names})
    output: "results/w/later_{{n}}.txt"
    script: "later.py"
"""
RULE = """
rule {name}:
    output: "results/w/{name}.txt"
    log: "logs/{name}.log"
    benchmark: "benchmarks/{name}.tsv"
    {more}
    script: "{name}.py"
"""
START = """
import atexit, os, signal, sys, tempfile, threading, time
from pathlib import Path
from lethe.execution.runtime import start_job
start_job(snakemake, "{name}")
out = Path(snakemake.output[0])
"""
# imported by the server, if there is one; asks for the folder of temporary files, which the standard library remembers
SHARED = "import os, tempfile\nIMPORTED_BY, FOLDER = os.getpid(), tempfile.gettempdir()\n"


def heed_interrupts() -> None:
    """Tests may run in the background, where a shell has its processes ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class World:
    """A Snakefile with a rule for each script, before eleven others that wait for all of them."""

    folder: Path
    scripts: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)
    later: int = forked.FEWEST
    shared: str = SHARED
    before: str = ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        rules = [RULE.format(name=name, more=self.more.get(name, "")) for name in self.scripts]
        text = SNAKEFILE.format(later=self.later, names=list(self.scripts))
        (self.folder / "Snakefile").write_text("\n".join([self.before, text, *rules]))
        (self.folder / "shared.py").write_text(self.shared)
        (self.folder / "later.py").write_text("open(snakemake.output[0], 'w').close()")
        for name, body in self.scripts.items():
            (self.folder / f"{name}.py").write_text(START.format(name=name) + body.replace("{name}", name))

    @property
    def work(self) -> Path:
        """The working directory, another one than that in which Snakemake is started."""
        return self.folder / "at work"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        package = str(fingerprint.PACKAGE.parent)
        return subprocess.Popen(
            [Path(sys.executable).with_name("snakemake"), "-c2", "--directory", self.work.name, "--show-failed-logs", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": f"{package}:{self.folder}", "SECONDS_TO_WAIT": str(3 * PATIENCE)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit status and output; all processes of the run are gone."""
        with self.start(*arguments, **environment) as run:
            said, _ = run.communicate(timeout=PATIENCE)
        assert not self.left()
        return run.returncode, said

    def left(self) -> list[psutil.Process]:
        """Processes of a run that live on; a server may take a while to end, less than a job that waits."""
        until = time.monotonic() + PATIENCE
        while (alive := self._processes()) and time.monotonic() < until:
            time.sleep(0.1)
        return alive

    def _processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PYTHONPATH", "").endswith(f":{self.folder}"):
                    found.append(process)
            except psutil.Error:
                continue
        return [process for process in found if process.pid != os.getpid()]

    def wait_for(self, *names: str) -> list[int]:
        """The process ids of the jobs that wait."""
        files = [self.work / f"begun_{name}" for name in names]
        until = time.monotonic() + PATIENCE
        while not all(file.exists() and file.read_text() for file in files):
            assert time.monotonic() < until, "the jobs did not begin"
            time.sleep(0.05)
        return [int(file.read_text()) for file in files]

    def go_on(self) -> None:
        """Let the jobs that wait go on to their end."""
        (self.work / "go_on").touch()

    def output(self, name: str) -> str | None:
        """Text of a job's output, None where there is none."""
        file = self.work / f"results/w/{name}.txt"
        return file.read_text() if file.exists() else None

    def has_hash(self, name: str) -> bool:
        return (self.work / f"results/w/.checksums/{name}.txt.sha256").exists()
