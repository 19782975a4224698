"""What a run shows on the terminal: one line a job, the plan as a short table, errors as loud as ever.

Snakemake's own words are complete and long: two thousand lines for a demo. They stay as they are in ``.snakemake/log``, and so does all
that jobs say in ``logs``. ``--verbose`` brings them back to the terminal.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

from snakemake.logging import DefaultFormatter, logger
from snakemake_interface_logger_plugins.common import LogEvent

from lethe.io.wording import shortened
from lethe.workflow.why import changed_parameters

DECIDES_NO_RESULT = "tells what a run does"
TERMINAL = "DefaultStreamHandler"  # as Snakemake calls it
SILENT = frozenset(
    {LogEvent.WORKFLOW_STARTED, LogEvent.SHELLCMD, LogEvent.RESOURCES_INFO, LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED}
)
CHATTER = (
    "Assuming unrestricted",
    "Building DAG",
    "Loading script code",
    "Select jobs",
    "Using shell",
    "Conda environments: ignored",
    "Would remove temporary",
    "Rules with provenance triggered jobs",  # the reasons name them
)
EXPECTED = ("output files have to be generated", "input files updated by another job")  # reasons that every first run has
CHANGED = "Params have changed"
PROVENANCE = "Some jobs were triggered by provenance"
WIDTH = 100  # columns of a table where no terminal says how wide it is
MOST = 3  # changed keys that a job's line names


class ShortFormatter(DefaultFormatter):
    """One line a job, with the share of jobs that are done.

    Args:
        causes: number of a job -> which of its parameters changed.
        dry: whether this is a plan, which is not known while the Snakefile is read.
        options: of Snakemake's own formatter.
    """

    def __init__(self, causes: Callable[[int], list[str]], dry: Callable[[], bool], **options: Any) -> None:
        super().__init__(**options)
        self.causes, self.dry = causes, dry
        self.done, self.total = 0, 0
        self.told: Mapping[str, int] | None = None  # the jobs by rule, once they were told

    def wanted(self, record: logging.LogRecord) -> bool:
        """Whether the terminal shows it; how many jobs are done is kept for the next job's line."""
        event = getattr(record, "event", None)
        if event == LogEvent.PROGRESS:
            self.done, self.total = vars(record)["done"], vars(record)["total"]
            return self.done == self.total
        if event == LogEvent.RUN_INFO and _by_rule(vars(record)) == self.told:
            return False
        return record.levelno >= logging.WARNING or (event not in SILENT and not str(record.msg).startswith(CHATTER))

    def format_run_info(self, msg: dict[str, Any]) -> str:
        """The jobs by rule, once."""
        self.told = _by_rule(msg)
        self.total = sum(self.told.values())
        return table(self.told, shutil.get_terminal_size((WIDTH, 24)).columns)

    def format_job_info(self, msg: dict[str, Any]) -> str:
        """What a job does, and which parameters changed if that is why it runs again."""
        line = f"Job {msg['jobid']}: {msg['rule_msg'] or msg['rule_name']}"
        if not self.dry():
            line = f"{time.strftime('%H:%M:%S')}  {self.done:>{len(str(self.total))}} of {self.total} done  {line}"
        if CHANGED not in msg["reason"]:
            return line
        causes = self.causes(msg["jobid"]) or ["a parameter changed; lethe why FILE says which"]
        more = [f"and {len(causes) - MOST} more"] if len(causes) > MOST else []
        return "\n".join([line, *(f"      {shortened(cause)}" for cause in [*causes[:MOST], *more])])

    def format(self, record: logging.LogRecord) -> str:
        """As Snakemake's, but for two long messages that have no event of their own."""
        said = str(record.msg)
        if said.startswith("Reasons:"):
            return reasons(said)
        if said.startswith(PROVENANCE):
            return "Something that these jobs read or are told changed since they ran; lethe why FILE says what."
        return super().format(record)


def _by_rule(message: Mapping[str, Any]) -> dict[str, int]:
    return {rule: count for rule, count in message["stats"].items() if rule != "total"}


def table(stats: Mapping[str, int], width: int) -> str:
    """Jobs by rule, in as many columns as fit.

    >>> print(table({"source": 3, "all": 1}, 60))
    Job stats: 4 jobs of 2 rules
      source 3   all    1
    >>> print(table({}, 60))
    Job stats: no jobs, all that was asked for is there
    """
    if not stats:
        return "Job stats: no jobs, all that was asked for is there"
    wide = max(map(len, stats))
    digits = max(len(str(count)) for count in stats.values())
    cells = [f"{rule:{wide}} {count:{digits}}" for rule, count in stats.items()]
    columns = max(1, width // (wide + digits + 4))
    rows = ["   ".join(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return "\n".join([f"Job stats: {sum(stats.values())} jobs of {len(stats)} rules", *(f"  {row}" for row in rows)])


def reasons(said: str) -> str:
    """The reasons of a plan, of which Snakemake names every rule: those that a first run has are counted."""
    lines = [line.strip() for line in said.splitlines()[2:]]
    told = []
    for reason, rules in zip(lines[::2], lines[1::2], strict=True):
        reason = reason.removesuffix(":")
        count = rules.count(",") + 1
        told.append(f"  {reason}: {f'{count} rules' if reason in EXPECTED else shortened(rules)}")
    return "\n".join(["Why:", *told])


def shorten(workflow: Any) -> None:
    """From here on the terminal shows less; not with ``--verbose``, ``--debug-dag`` or another logger."""
    settings = workflow.output_settings
    handler = next((handler for handler in logger.handlers if handler.name == TERMINAL), None)
    if handler is None or settings.verbose or settings.debug_dag:
        return
    jobs: dict[int, Any] = {}

    def causes(number: int) -> list[str]:
        if not jobs:
            jobs.update({workflow.dag.jobid(job): job for job in workflow.dag.needrun_jobs(exclude_finished=False)})
        return changed_parameters(jobs[number]) if number in jobs else []

    options = {"quiet": settings.quiet, "show_failed_logs": settings.show_failed_logs}
    formatter = ShortFormatter(causes, lambda: workflow.dryrun, **options)
    handler.setFormatter(formatter)
    handler.addFilter(formatter.wanted)
