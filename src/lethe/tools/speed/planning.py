"""How long Snakemake takes to plan, how many jobs it plans, and what it asks of memory and file system."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SECONDS, JOBS = 20, 5000
COUNTING = """
import os, resource, runpy, sys
calls = dict.fromkeys(("stat", "lstat", "access", "scandir"), 0)

def counted(name):
    real = getattr(os, name)

    def call(*arguments, **options):
        calls[name] += 1
        return real(*arguments, **options)

    return call

for name in calls:
    setattr(os, name, counted(name))
status = 1
try:
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
except SystemExit as end:
    status = end.code or 0
print(f"calls {sum(calls.values())} kilobytes {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}", flush=True)
sys.exit(status)
"""


class Planned(NamedTuple):
    """A dry run.

    Attributes:
        seconds: wall clock.
        cpu_seconds: processor time, which other jobs on the machine disturb less.
        jobs: how many are planned.
        megabytes: of main memory, at most.
        calls: how often the file system was asked about a file or listed (``stat, lstat, access, scandir``).
    """

    seconds: float
    cpu_seconds: float
    jobs: int
    megabytes: int
    calls: int


def plan_of(target: str, *configs: Path) -> Planned:
    """A dry run of a target under overlays, in a process of its own.

    Raises:
        RuntimeError: it fails; holds what it said last.
    """
    given = ["--configfile", *map(str, configs), "--", target]
    command = [sys.executable, "-c", COUNTING, "-n", "--quiet", "rules", "--nolock", *given]
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    total = re.search(r"^Job stats: (\d+) jobs", done.stdout + done.stderr, re.MULTILINE)
    asked = re.search(r"^calls (\d+) kilobytes (\d+)$", done.stdout, re.MULTILINE)
    if done.returncode or total is None or asked is None:
        raise RuntimeError(f"the dry run failed (exit {done.returncode}): {(done.stderr or done.stdout)[-1000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Planned(round(seconds, 2), round(cpu, 2), int(total[1]), int(asked[2]) // 1024, int(asked[1]))
