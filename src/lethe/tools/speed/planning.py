"""How long Snakemake takes to plan, and how many jobs it plans."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SECONDS, JOBS = 20, 5000


class Planned(NamedTuple):
    """A dry run.

    Attributes:
        seconds: wall clock.
        cpu_seconds: processor time, which other jobs on the machine disturb less.
        jobs: how many are planned.
    """

    seconds: float
    cpu_seconds: float
    jobs: int


def plan_of(target: str, config: Path) -> Planned:
    """A dry run of a target under an overlay.

    Raises:
        RuntimeError: it fails; holds what it said last.
    """
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--nolock", "--configfile", str(config), "--", target]
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    total = re.search(r"^total\s+(\d+)", done.stdout + done.stderr, re.MULTILINE)
    if done.returncode or total is None:
        raise RuntimeError(f"the dry run failed (exit {done.returncode}): {(done.stderr or done.stdout)[-1000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Planned(round(seconds, 2), round(cpu, 2), int(total[1]))
