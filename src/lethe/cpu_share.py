"""How much of a run's CPU time is computation: ``python -m lethe.cpu_share logs/mini``.

Every job logs its CPU time when its imports are done and when it ends (``lethe.runtime``). The share of computation is the rest of
the total. Snakemake's own process is not a job and is not counted; imports that happen later, inside functions, count as computation.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

START = re.compile(r"cpu: ([\d.]+) s to start")
TOTAL = re.compile(r"cpu: ([\d.]+) s in all")


def cpu_share(folder: str | Path) -> tuple[float, float, int]:
    """(CPU seconds spent starting, CPU seconds in all, finished jobs) of the logs below ``folder``."""
    start = total = 0.0
    jobs = 0
    for path in sorted(Path(folder).rglob("*.log")):
        text = path.read_text(errors="replace")
        started, ended = START.search(text), TOTAL.search(text)
        if started and ended:
            start, total, jobs = start + float(started[1]), total + float(ended[1]), jobs + 1
    return start, total, jobs


if __name__ == "__main__":
    begin, everything, count = cpu_share(sys.argv[1] if len(sys.argv) > 1 else "logs/mini")
    share = 1 - begin / everything if everything else float("nan")
    print(f"{count} jobs, {everything:.0f} s of CPU, {begin:.0f} s of it to start: {share:.0%} is computation")
