"""What a forked job takes is seen, and its pages are not counted at every look."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import namedtuple
from types import SimpleNamespace

import psutil
import pytest
from snakemake.benchmark import BenchmarkRecord

from lethe.execution import sampled

MB = 2**20
Told = namedtuple("Told", ["rss", "vms", "uss", "pss"])


class Kernel:
    """A job of which this is known, and how often its pages were counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.resident, self.counts = 0.0, 500 * MB, 0
        monkeypatch.setattr(sampled, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(
            psutil.Process, "memory_info", lambda process: SimpleNamespace(rss=self.resident, vms=2 * self.resident)
        )
        monkeypatch.setattr(psutil.Process, "memory_full_info", lambda process: self.counted())

    def counted(self) -> Told:
        self.counts += 1
        return Told(self.resident, 2 * self.resident, self.resident - 450 * MB, self.counts)

    def look(self, job: sampled.Forked, now: float) -> tuple[int, int, int]:
        """At a time, what is said of it in MB, and how often it was counted until then."""
        self.now = now
        said = job.memory_full_info()
        return said.rss // MB, said.uss // MB, self.counts


def test_pages_are_counted_where_there_are_more_and_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch)
    job = sampled.Forked(os.getpid())
    assert [kernel.look(job, half / 2)[2] for half in range(1, 41)] == [1, 2, 2] + 4 * [3] + 8 * [4] + 16 * [5] + 9 * [6]
    kernel.resident += 3 * MB
    assert kernel.look(job, 20.5) == (503, 50, 6)
    kernel.resident += 30 * MB
    assert kernel.look(job, 21) == (533, 83, 7)
    kernel.resident -= 20 * MB  # it had most before, so that is not worth a count
    assert kernel.look(job, 21.5) == (513, 83, 7)


def test_a_process_tells_what_psutil_tells() -> None:
    ordinary, told = psutil.Process().memory_full_info(), sampled.Forked(os.getpid()).memory_full_info()
    assert told._fields == ordinary._fields
    assert all(abs(getattr(told, name) - getattr(ordinary, name)) < 8 * MB for name in ("rss", "vms", "uss", "pss"))


def takes(seconds: float, megabytes: int) -> None:
    """A job that computes, and keeps memory."""
    kept = b"x" * (megabytes * MB)
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    assert kept


@pytest.mark.parametrize(("seconds", "sampled_at_all"), [(0.1, False), (1.4, True)])
def test_a_job_is_looked_at_twice_a_second(seconds: float, sampled_at_all: bool) -> None:
    process, record = multiprocessing.get_context("fork").Process(target=takes, args=(seconds, 100)), BenchmarkRecord()
    process.start()
    timer = sampled.JobTimer(process.pid or 0, record)
    timer.start()
    begin = time.time()
    process.join()
    timer.cancel()
    record.running_time = time.time() - begin
    if record.running_time < 0.5:
        assert not sampled_at_all and record.to_tsv(False).split("\t")[2:] == ["NA"] * 8
    elif sampled_at_all:
        assert 100 <= record.max_uss < 150 < record.max_rss + 150
        assert seconds - 0.7 < record.cpu_time < seconds + 0.5
        assert 0 < record.mean_load() < 130
