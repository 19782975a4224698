"""What is measured of a forked job."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from types import SimpleNamespace

from snakemake.benchmark import BenchmarkRecord

from lethe.execution.forked import _measure


def test_a_job_that_ended_before_it_was_looked_at_has_a_time() -> None:
    """Its process is gone: jobs of some hundredths of a second end while Snakemake turns to them."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    reader, writer = os.pipe()
    os.close(writer)  # as the sentinel of a process that ended
    record = BenchmarkRecord()
    try:
        _measure(SimpleNamespace(pid=ended.pid, sentinel=reader), record)
    finally:
        os.close(reader)
    assert 0 <= record.running_time < 5
    assert record.to_tsv(False).startswith("0.0")


def test_a_job_is_waited_for() -> None:
    process, record = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0.3,)), BenchmarkRecord()
    process.start()
    _measure(process, record)
    process.join()
    assert record.running_time >= 0.3
