"""A run on the stand-in for Slurm counts what its head process does, and a line through two sizes gives a third."""

from __future__ import annotations

from pathlib import Path

import pytest

from lethe.tools.speed.cluster_run import Head, run_on_stand_in
from lethe.tools.speed.jobs import slurm_10000

SNAKEFILE = """
rule all:
    input:
        expand("results/{name}.txt", name=["a", "b", "c"]),
        "folder",


rule one:
    output:
        "results/{name}.txt",
    log:
        "logs/{name}.log",
    shell:
        "exit 1"  # is not run


rule whole:
    output:
        directory("folder"),
    shell:
        "exit 1"
"""


def test_a_run_on_the_stand_in(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    head = run_on_stand_in("all", tmp_path / "run", snakefile=tmp_path / "Snakefile")
    assert (head.jobs, head.submitted) == (5, 4)
    assert (head.files["results"], head.files["logs"]) == (3, 3) and head.fullest["results"] == 3
    assert head.running_calls["stat"] > 4 and 20 < head.planning_megabytes <= head.megabytes < 1000
    assert (tmp_path / "run/work/folder").is_dir()


def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("rule all:\n    input:\n        'nobody.makes'\n")
    with pytest.raises(RuntimeError, match=r"(?s)the run failed.*nobody\.makes"):
        run_on_stand_in("all", tmp_path / "run", snakefile=tmp_path / "Snakefile")


def head(jobs: int) -> Head:
    calls = {"stat": 100 * jobs, "open": 20 * jobs}
    return Head(
        jobs, jobs - 1, 50, calls, 2.0, 0.02 * jobs, 300, 300 + jobs // 10, 5.0, {"results": 30 * jobs}, {"results": 30 * jobs}
    )


def test_the_row_is_the_line_at_ten_thousand_models() -> None:
    row = slurm_10000.result({20: head(130), 60: head(330)})
    assert row["value"] == {"jobs": 5030, "calls_per_job": 120.0, "megabytes": 803, "files": 150900}
    assert list(row["measured"]) == ["200 models", "600 models"]
