"""The scheduler of a real run plans no look by the clock, unless somebody asked for a limit of jobs per time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SNAKEFILE = """
from snakemake.scheduling.job_scheduler import JobScheduler
from lethe.execution.scheduler import wake_on_jobs_alone

ordinary = JobScheduler._schedule_reevalutation


def told(self, delay):
    print("a look is planned", file=sys.stderr)
    ordinary(self, delay)


JobScheduler._schedule_reevalutation = told


onstart:
    wake_on_jobs_alone(workflow)


rule one:
    output:
        "one.txt",
    shell:
        "touch {output}"
"""


@pytest.mark.parametrize(("options", "looks"), [((), False), (("--max-jobs-per-timespan", "50/1s"), True)])
def test_looks_by_the_clock_are_planned_under_a_limit_alone(tmp_path: Path, options: tuple[str, ...], looks: bool) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "-c1", *options, "one.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0 and (tmp_path / "one.txt").exists(), run.stderr
    assert ("a look is planned" in run.stderr) == looks
