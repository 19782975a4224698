"""A dry run of the whole paper."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from lethe.io.tables import write_json

SECONDS, JOBS = 20, 5000


def measure(config: Path, json: Path) -> None:
    """Write how long the plan takes and how many jobs it has.

    Args:
        config: the overlay of the paper.

    Raises:
        RuntimeError: the dry run fails; holds what it said last.
    """
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "all", "--nolock", "--configfile", str(config)]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    total = re.search(r"^total\s+(\d+)", done.stdout + done.stderr, re.MULTILINE)
    if done.returncode or total is None:
        raise RuntimeError(f"the dry run failed (exit {done.returncode}): {(done.stderr or done.stdout)[-1000:]}")
    jobs = int(total[1])
    result = {
        "value": {"seconds": round(seconds, 2), "jobs": jobs},
        "target": {"seconds": SECONDS, "jobs": JOBS},
        "holds": seconds <= SECONDS and jobs <= JOBS,
        "how": "wall time and jobs of `snakemake -n all --configfile config/paper.yaml`, one run",
    }
    write_json(json, result)
