"""What the terminal shows of a run."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from lethe.workflow.terminal import ShortFormatter, reasons


def record(event: LogEvent | None, text: str = "", level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    """A record as Snakemake makes it."""
    made = logging.LogRecord("snakemake.logging", level, "", 0, text, None, None)
    made.__dict__.update({"event": event} if event else {}, **more)
    return made


def job(reason: str, number: int = 7) -> logging.LogRecord:
    """A job that starts."""
    return record(LogEvent.JOB_INFO, jobid=number, rule_msg="Scores of breeds", rule_name="score", reason=reason)


@pytest.fixture
def formatter() -> ShortFormatter:
    """Of a run in which the parameters of job 7 changed."""
    causes = {7: [f"parameter seeds.{key}: 1 -> 2" for key in "abcde"]}
    return ShortFormatter(lambda number: causes.get(number, []), lambda: False)


def test_a_job_is_one_line_with_the_share_that_is_done(formatter: ShortFormatter) -> None:
    assert not formatter.wanted(record(LogEvent.PROGRESS, done=5, total=189))
    line = formatter.format(job("Missing output files: " + ", ".join(f"results/{k}.tar" for k in range(40))))
    assert line.endswith("  5 of 189 done  Job 7: Scores of breeds") and "\n" not in line


def test_a_changed_parameter_is_named_and_not_the_whole_configuration(formatter: ShortFormatter) -> None:
    lines = formatter.format(job("Params have changed since last execution: " + "x" * 12_000)).splitlines()
    assert [line.strip() for line in lines[1:]] == [f"parameter seeds.{key}: 1 -> 2" for key in "abc"] + ["and 2 more"]
    assert "lethe why" in formatter.format(job("Params have changed since last execution: x", number=8))


def test_chatter_is_silent_and_what_went_wrong_is_not(formatter: ShortFormatter) -> None:
    silent = [record(LogEvent.SHELLCMD, "Shell command: None"), record(None, "Loading script code for rule score")]
    silent += [record(LogEvent.JOB_STARTED, "Execute 2 jobs..."), record(None, "Select jobs to execute...")]
    assert not any(map(formatter.wanted, silent))
    assert formatter.wanted(record(LogEvent.JOB_ERROR, "Error in rule score", logging.ERROR))
    assert formatter.wanted(record(None, "Select jobs to execute...", logging.WARNING))


def test_the_table_of_jobs_is_printed_once(formatter: ShortFormatter) -> None:
    stats = record(LogEvent.RUN_INFO, stats={"score": 12, "all": 1, "total": 13})
    assert formatter.wanted(stats)
    assert formatter.format(stats).splitlines()[0] == "Job stats: 13 jobs of 2 rules"
    assert not formatter.wanted(stats)


def test_reasons_of_every_first_run_are_counted_and_others_named() -> None:
    said = "Reasons:\n    (check individual jobs above for details)\n    output files have to be generated:\n        a, b\n"
    said += "    params have changed since last execution:\n        score"
    assert reasons(said).splitlines()[1:] == [
        "  output files have to be generated: 2 rules",
        "  params have changed since last execution: score",
    ]


def test_a_run_without_jobs_says_so_once(formatter: ShortFormatter) -> None:
    empty = record(LogEvent.RUN_INFO, stats={"total": 0})
    assert formatter.wanted(empty)
    assert formatter.format(empty) == "Job stats: no jobs, all that was asked for is there"
    assert not formatter.wanted(empty)
