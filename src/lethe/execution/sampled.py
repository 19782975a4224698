"""The memory of a forked job is counted page by page only where it may have grown.

Snakemake looks at every job twice a second for its benchmark file. For ``max_uss`` and ``max_pss`` the kernel then walks all pages of the
job, and a forked job shares half a GB of them with all others. That walk was most of the processor time of the head process. Here it is
taken when the job has more pages than at the last walk, and after 0.5, 1, 2, 4, ... seconds, since a page that is shared no more counts for
the job alone and is no further page. Processor time and transfers are read at every look, as before. What a job starts has its own process
and is looked at as ever.
"""

from __future__ import annotations

import time
from typing import Any

import psutil
from snakemake.benchmark import BenchmarkTimer

FEW = 4 * 2**20  # bytes: a job that has grown by less has not grown
FIRST = 0.5  # seconds of its life after which the pages are counted first


class Forked(psutil.Process):
    """A process whose pages are counted where they may have become more.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self._begin = time.monotonic()
        self._due, self._resident = FIRST, 0
        self._counted: Any = None

    def memory_full_info(self) -> Any:
        """As psutil's; ``uss`` and ``pss`` may be those of the last count."""
        basic, age = self.memory_info(), time.monotonic() - self._begin
        if self._counted is None or basic.rss > self._resident + FEW or age >= self._due:
            self._counted, self._resident = super().memory_full_info(), basic.rss
            while self._due <= age:
                self._due *= 2
        return self._counted._replace(rss=basic.rss, vms=basic.vms)


class JobTimer(BenchmarkTimer):
    """Snakemake's looks at a job, the first of them without its memory, of which it has none of its own yet.

    Args:
        pid: of the job, forked from the server.
        record: Snakemake's, for the job's benchmark file. A job that ended before the second look, after half a second, has a time alone.
    """

    def __init__(self, pid: int, record: Any) -> None:
        super().__init__(pid, record)
        self.main = Forked(pid)
        record.process_gone = True  # is no fault until there is another one

    def work(self) -> None:
        """Look at the job."""
        if self._times_called:
            super().work()
        else:
            self.main.cpu_percent()  # counts from here on
            self.bench_record.prev_time = time.time()
