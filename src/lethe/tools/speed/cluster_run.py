"""A run through `profiles/slurm` on a stand-in for Slurm: what the head process does, at any number of models.

Snakemake, its Slurm plugin and the Snakefile are the real ones. Slurm's commands are not: ``sbatch`` says a number, and the files of
the job are there at once, each of one byte; ``sacct`` calls every job finished. So nothing is computed, and the head process plans,
submits, waits and records as in a real run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lethe.io.tables import read_json

ROOT = Path(__file__).parents[4]
RESULT = "head.json"
COMMANDS = {
    "sbatch": """exec 9>"$CLUSTER/lock"; flock 9; n=$(($(cat "$CLUSTER/n") + 1)); echo $n > "$CLUSTER/n"; echo $n""",
    "sacct": """n=$(cat "$CLUSTER/n"); [ "$n" -eq 0 ] || seq 1 "$n" | sed 's/$/|COMPLETED/'""",
    "sinfo": "echo 'compute*'",
    "scontrol": "echo 'MinJobAge = 300 sec'",
    "squeue": ":",
    "sacctmgr": ":",
    "sshare": ":",
    "scancel": ":",
}
MAKER = """
import json, os, sys
for line in sys.stdin:
    for path, folder in json.loads(line):
        os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
        if not folder:
            with open(path, "wb") as file:
                file.write(b"1")
    print(flush=True)
"""
HEAD = """
import builtins, json, os, resource, runpy, subprocess, sys, threading, time
MAKER, RESULT, PLACE = {maker!r}, {result!r}, os.getcwd()
COUNTED = ("stat", "lstat", "access", "scandir", "listdir", "mkdir", "rmdir", "remove", "unlink", "rename", "replace", "utime", "chmod", "open")
calls = dict.fromkeys(COUNTED, 0)

def ours(path):
    if not isinstance(path, (str, os.PathLike)):
        return False
    path = os.fspath(path)
    return isinstance(path, str) and (path.startswith(PLACE) or not path.startswith("/"))

def count(where, name):
    real = getattr(where, name)

    def call(path=".", *arguments, **options):
        if ours(path):
            calls[name] += 1
        return real(path, *arguments, **options)

    setattr(where, name, call)

for name in COUNTED[:-1]:
    count(os, name)
count(builtins, "open")

import snakemake.api, snakemake.jobs, snakemake.scheduling.job_scheduler, snakemake.workflow

maker = subprocess.Popen([sys.executable, "-S", "-c", MAKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
turn = threading.Lock()
registered, scheduled = snakemake.jobs.Job.register, snakemake.scheduling.job_scheduler.JobScheduler.schedule

def register(job, external_jobid=None):
    files = [(str(file), file.is_directory) for file in job.output] + [(str(file), False) for file in job.log]
    if job.benchmark:
        files.append((str(job.benchmark), False))
    with turn:
        maker.stdin.write(json.dumps(files) + "\\n")
        maker.stdin.flush()
        maker.stdout.readline()
    return registered(job, external_jobid)

def state():
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return dict(
        calls=dict(calls), seconds=time.monotonic(), cpu_seconds=used.ru_utime + used.ru_stime, megabytes=int(lines["VmHWM"].split()[0]) // 1024
    )

def schedule(scheduler):
    said["jobs"] = len(scheduler.workflow.dag)
    said["planned"] = state()
    try:
        return scheduled(scheduler)
    finally:
        said["ended"] = state()

said = dict(began=state())
snakemake.jobs.Job.register = register
snakemake.scheduling.job_scheduler.JobScheduler.schedule = schedule
snakemake.workflow.Workflow.is_local = lambda workflow, rule: rule.norun
status = 1
try:
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
except SystemExit as end:
    status = end.code or 0
maker.stdin.close()
with open(RESULT, "w") as file:
    json.dump(said, file)
sys.exit(status)
"""


class Head(NamedTuple):
    """What a run asked of its head process.

    Attributes:
        jobs: how many ran; submitted: how many of them by ``sbatch``.
        planning_calls, running_calls: on metadata of files of the run, while it was planned and after; by the name of the call.
        planning_cpu_seconds, running_cpu_seconds: processor time.
        planning_megabytes, megabytes: most memory of the process when the plan stood, and at the end.
        seconds: of the run after its plan, on the clock.
        files: name of a folder -> files in it and below: results, logs, benchmarks, and of Snakemake (``.snakemake``).
        fullest: path -> entries, of the folders with most entries; numbers of a name are not told.
    """

    jobs: int
    submitted: int
    planning_calls: int
    running_calls: dict[str, int]
    planning_cpu_seconds: float
    running_cpu_seconds: float
    planning_megabytes: int
    megabytes: int
    seconds: float
    files: dict[str, int]
    fullest: dict[str, int]


def run_on_stand_in(
    target: str, folder: Path, *configs: Path, given: Sequence[str] = (), snakefile: Path = ROOT / "Snakefile"
) -> Head:
    """Run a target under overlays through `profiles/slurm`, in an empty folder.

    Args:
        folder: where results, logs and Slurm's stand-in are written.
        given: files that must be there and that no job makes, relative to the run.
        snakefile: of the run.

    Raises:
        RuntimeError: the run fails; holds what it said last.
    """
    cluster = folder / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "n").write_text("0")
    for name, does in COMMANDS.items():
        (cluster / name).write_text(f"#!/bin/sh\n{does}\n")
        (cluster / name).chmod(0o755)
    work = folder / "work"
    work.mkdir()
    for file in given:
        (work / file).parent.mkdir(parents=True, exist_ok=True)
        (work / file).write_text("x")
    environment = os.environ | {"PATH": f"{cluster}{os.pathsep}{os.environ['PATH']}", "CLUSTER": str(cluster)}
    profile = ["--profile", str(ROOT / "profiles/slurm"), "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"]
    overlays = ["--configfile", *map(os.path.abspath, configs)] if configs else []
    words = [*profile, "--quiet", "rules", "progress", *overlays, "--", target]
    command = [sys.executable, "-c", HEAD.format(maker=MAKER, result=RESULT), "--snakefile", str(snakefile), *words]
    log = folder / "head.log"
    with open(log, "w") as said:
        done = subprocess.run(command, cwd=work, env=environment, stdout=said, stderr=said, check=False)
    result = work / RESULT
    if done.returncode or not result.exists():
        raise RuntimeError(f"the run failed (exit {done.returncode}): {log.read_text()[-2000:]}")
    return _told(read_json(result), int((cluster / "n").read_text()), work)


def _told(said: dict[str, Any], submitted: int, work: Path) -> Head:
    began, planned, ended = said["began"], said["planned"], said["ended"]
    files, fullest = contents(work)
    return Head(
        jobs=said["jobs"],
        submitted=submitted,
        planning_calls=sum(planned["calls"].values()),
        running_calls={name: count - planned["calls"][name] for name, count in ended["calls"].items()},
        planning_cpu_seconds=round(planned["cpu_seconds"] - began["cpu_seconds"], 1),
        running_cpu_seconds=round(ended["cpu_seconds"] - planned["cpu_seconds"], 1),
        planning_megabytes=planned["megabytes"],
        megabytes=ended["megabytes"],
        seconds=round(ended["seconds"] - planned["seconds"], 1),
        files=files,
        fullest=fullest,
    )


def contents(work: Path, most: int = 8) -> tuple[dict[str, int], dict[str, int]]:
    """Files below each folder of ``work``, and the folders with most entries (``most`` of them)."""
    files: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    for place, folders, names in os.walk(work):
        inside = Path(place).relative_to(work)
        files[inside.parts[0] if inside.parts else "."] += len(names)
        entries[inside.as_posix()] += len(names) + len(folders)
    return dict(sorted(files.items())), dict(entries.most_common(most))


if __name__ == "__main__":  # pragma: no cover
    print(
        json.dumps(
            run_on_stand_in(sys.argv[1], Path(sys.argv[2]), *map(Path, sys.argv[3:]), given=["data/lfw_race.csv"])._asdict(),
            indent=1,
        )
    )
