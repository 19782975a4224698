"""How much of a run's CPU time is computation: ``lethe cpu logs/mini``.

Every job logs, when it ends, its CPU time and how much of it went into starting and importing, wherever an import stands
(``lethe.execution.runtime``, ``lethe.execution.import_clock``). The share of computation is the rest of the total. Snakemake's own
process, the kernels of notebooks and the process from which scripts are forked (``lethe.execution.forked``; it says what its imports
cost) are no jobs and are not counted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ENDED = re.compile(r"cpu: ([\d.]+) s in all, ([\d.]+) s of it to start and to import")


class CpuTime(NamedTuple):
    """CPU seconds of some finished jobs, and how many of them went into starting and importing."""

    jobs: int
    seconds: float
    importing: float

    @property
    def share(self) -> float:
        """What is left for computation, in [0, 1]; NaN without jobs."""
        return 1 - self.importing / self.seconds if self.seconds else float("nan")


def cpu_times(folder: str | Path) -> dict[str, CpuTime]:
    """By rule (the first part of a log's path below ``folder``), those that imported longest first; unfinished jobs are not in it."""
    found: dict[str, CpuTime] = defaultdict(lambda: CpuTime(0, 0.0, 0.0))
    for path in sorted(Path(folder).rglob("*.log")):
        if ended := ENDED.search(path.read_text(errors="replace")):
            rule = path.relative_to(folder).parts[0].removesuffix(".log")
            jobs, seconds, importing = found[rule]
            found[rule] = CpuTime(jobs + 1, seconds + float(ended[1]), importing + float(ended[2]))
    return dict(sorted(found.items(), key=lambda item: -item[1].importing))


def cpu_share(folder: str | Path) -> CpuTime:
    """The sum over all finished jobs whose logs lie below ``folder``."""
    times = cpu_times(folder).values()
    return CpuTime(sum(time.jobs for time in times), sum(time.seconds for time in times), sum(time.importing for time in times))


def text(folder: str | Path) -> str:
    """A line per rule and their sum, for a terminal."""
    lines = [
        f"{rule:28s} {time.jobs:4d} jobs {time.seconds:8.1f} s {time.importing:8.1f} s importing"
        for rule, time in cpu_times(folder).items()
    ]
    total = cpu_share(folder)
    said = f"{total.jobs} jobs, {total.seconds:.0f} s of CPU, {total.importing:.0f} s of it to start and to import"
    return "\n".join([*lines, f"{said}: {total.share:.1%} is computation"])
