"""Snakemake's scheduler wakes when a job ends, and not more often."""

from __future__ import annotations

from typing import Any

DEFAULT_RATE = (100, 1)  # jobs, seconds: Snakemake's own --max-jobs-per-timespan


def wake_on_jobs_alone(workflow: Any) -> bool:
    """Take Snakemake's default limit of jobs a second out of this run, whose timers never end; returns whether it did.

    Under a limit the scheduler looks at all ready jobs and the sizes of their inputs once more after every time span. Each look plans
    another one, and so does the end of each job. So after 300 jobs it looks 300 times a second, and takes most of a core. No run of ours
    starts 100 jobs a second. A limit that somebody asked for stays.

    Args:
        workflow: Snakemake's own, when its scheduler is there: in ``onstart``.

    Example:
        >>> from types import SimpleNamespace
        >>> settings = SimpleNamespace(max_jobs_per_timespan=SimpleNamespace(max_jobs=100, timespan=1))
        >>> run = SimpleNamespace(scheduling_settings=settings, scheduler=SimpleNamespace(job_rate_limiter="a limiter"))
        >>> wake_on_jobs_alone(run), run.scheduler.job_rate_limiter
        (True, None)
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is None or (limit.max_jobs, limit.timespan) != DEFAULT_RATE:
        return False
    workflow.scheduler.job_rate_limiter = None
    return True
