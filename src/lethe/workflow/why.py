"""Why a product would be made again: the plan of now beside the records of the jobs that made what is there.

This is the one module that asks Snakemake itself, since only its plan knows what it would run.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_config
from snakemake.exceptions import MissingRuleException
from snakemake.settings.enums import Quietness, RerunTrigger
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

from lethe.execution.code import kept_parts
from lethe.execution.made import Made, given, record_path, recorded
from lethe.io.wording import shortened
from lethe.workflow.asking import refuse_unknown_targets

DECIDES_NO_RESULT = "tells why a product would be made again"
CODE = ("code", "job")  # parameters that hold a hash of code, alone or as "module:function@hash"
TRIGGERS = frozenset({RerunTrigger.MTIME, RerunTrigger.PARAMS, RerunTrigger.INPUT})  # as in profiles/default
MOST = 20  # jobs that a reader is told about
AGAIN = "made again first"
NEVER = "was never made"
_ABSENT = object()


class Stale(NamedTuple):
    """A job that would run: its rule, the first of its outputs, and why, one line a cause."""

    rule: str
    output: str
    causes: list[str]

    @property
    def changed(self) -> bool:
        """Whether something of its own changed, beside files that other jobs make again."""
        return not all(cause.endswith(AGAIN) for cause in self.causes)


@contextmanager
def planned(targets: Sequence[str], configfiles: Sequence[str], config: Sequence[str]) -> Iterator[Any]:
    """Snakemake's graph of all jobs for ``targets``, for as long as the context lasts.

    Raises:
        RunError: a target that no rule makes, with the nearest name.
        WorkflowError, RuleException: there is no plan, as for ``snakemake -n``, which says why.
    """
    output = OutputSettings(dryrun=True, quiet={Quietness.ALL}, log_level_override=logging.ERROR, enable_file_logging=False)
    with SnakemakeApi(output) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(
                config=parse_config(list(config)), configfiles=[Path(file) for file in configfiles], config_args=list(config)
            ),
        )
        plan = workflow.dag(DAGSettings(targets=set(targets), rerun_triggers=TRIGGERS, force_incomplete=True))
        try:
            plan.execute_workflow(executor="dryrun")
        except MissingRuleException:
            if known := workflow._workflow.globals.get("plan"):
                refuse_unknown_targets(workflow._workflow, known, targets)
            raise
        yield workflow._workflow.dag


def why(targets: Sequence[str], configfiles: Sequence[str], config: Sequence[str]) -> list[Stale]:
    """Every job that would run for ``targets``, those first that come first; none if all is up to date.

    Args:
        targets: files or rules, as for ``snakemake``. configfiles: overlays. config: ``KEY=VALUE``.

    Raises:
        RunError, WorkflowError, RuleException: see ``planned``.
    """
    with planned(targets, configfiles, config) as dag:
        stale = set(dag.needrun_jobs(exclude_finished=False))
        ordered = [job for level in dag.toposorted() for job in sorted(level, key=str) if job in stale and job.output]
        return [Stale(job.rule.name, str(job.output[0]), _causes(job, dag, stale)) for job in ordered]


class Asked(NamedTuple):
    """What all jobs of a plan ask for, done or not.

    Attributes:
        rules: rule -> number of its jobs, in the order in which they can start. cpu_hours: of jobs without a GPU, threads x the time after which
            they would be stopped.
    """

    rules: dict[str, int]
    cpu_hours: float


def asked_for(targets: Sequence[str], configfiles: Sequence[str]) -> Asked:
    """Jobs by rule; see ``planned`` for what it raises."""
    with planned(targets, configfiles, []) as dag:
        jobs = [job for level in dag.toposorted() for job in sorted(level, key=str)]
        free = [job for job in jobs if not job.resources.get("gpu", 0)]
        return Asked(
            dict(Counter(job.rule.name for job in jobs)),
            sum(job.threads * job.resources.get("runtime", 0) for job in free) / 60,
        )


def text(targets: Sequence[str], found: Sequence[Stale]) -> str:
    """The answer for a reader."""
    if not found:
        return f"{', '.join(targets)}: up to date"
    own = [stale for stale in found if stale.output in targets]
    first = own + [stale for stale in found if stale not in own and stale.changed]
    lines = []
    for stale in islice(first, MOST):
        lines += [f"{stale.output} {NEVER if stale.causes == [NEVER] else 'would be made again:'}"]
        lines += [f"  {cause}" for cause in stale.causes if cause != NEVER]
    return "\n".join([*lines, f"jobs in all: {len(found)}"])


def _causes(job: Any, dag: Any, stale: set[Any]) -> list[str]:
    reason = dag.reason(job)
    place = record_path(job.rule.name, job.wildcards, job.output)
    before = recorded(place) if place else None
    again = {str(file) for other, files in dag.dependencies[job].items() if other in stale for file in files}
    if before is None and reason.missing_output and len(reason.missing_output) == len(job.output):
        return [NEVER]
    causes = [f"file {file} is missing" for file in sorted(map(str, reason.missing_output))]
    causes += [f"file {file} is not whole: its job was stopped" for file in sorted(map(str, reason.incomplete_output))]
    if before is not None:
        now = given(job.params.items(), (file for file in job.input if str(file) not in again))
        causes += differences(before, now, {str(file) for file in job.input})
    newer = sorted(set(map(str, reason.updated_input)) - again)
    causes += [f"file {file} is newer" for file in newer if f"file {file} changed" not in causes]
    if again:
        more = f" and {len(again) - 1} more are" if len(again) > 1 else " is"
        causes.append(f"file {min(again)}{more} {AGAIN}")
    return causes or list(reason.get_names())


def changed_parameters(job: Any) -> list[str]:
    """Which parameters of a job differ from those of its last run, one line each; none where no record of that run is kept."""
    place = record_path(job.rule.name, job.wildcards, job.output)
    before = recorded(place) if place else None
    return [] if before is None else differences(before._replace(inputs={}), given(job.params.items(), []), [])


def differences(before: Made, now: Made, inputs: Iterable[str]) -> list[str]:
    """What a job was given then and is given now, one line a difference.

    Args:
        inputs: all files that it is given now, also those that ``now`` does not hold since they are made again.
    """
    causes = []
    for name in sorted({*before.params, *now.params}):
        old, new = before.params.get(name, _ABSENT), now.params.get(name, _ABSENT)
        if old != new:
            causes += _of_code(old, new) if name in CODE else list(_of_value(f"parameter {name}", old, new))
    for file in sorted({*before.inputs, *inputs}):
        if file in before.inputs and file in now.inputs and before.inputs[file] != now.inputs[file]:
            causes.append(f"file {file} changed")
        elif file in before.inputs and file not in inputs:
            causes.append(f"file {file} is no input any more")
    return causes


def _of_code(old: Any, new: Any) -> list[str]:
    (function, then), (other, now) = _split(old), _split(new)
    if function != other:
        return [f"code: {function or 'another way'} -> {other}"]
    parts = [kept_parts(digest) for digest in (then, now)]
    if None in parts:
        return [f"code changed; which module is not known, since nobody wrote down what {then if parts[0] is None else now} was"]
    before, after = parts[0] or {}, parts[1] or {}
    words = {name: "changed" for name in before.keys() & after.keys() if before[name] != after[name]}
    words |= {name: "is new" for name in after.keys() - before.keys()}
    words |= {name: "is gone" for name in before.keys() - after.keys()}
    return [f"code: {name} {word}" for name, word in sorted(words.items())]


def _split(value: Any) -> tuple[str, str]:
    """Function and hash of a parameter that holds a hash of code."""
    function, _, digest = str("" if value is _ABSENT else value).rpartition("@")
    return function, digest


def _of_value(where: str, old: Any, new: Any) -> Iterable[str]:
    old, new = ({} if isinstance(other, dict) and value is _ABSENT else value for value, other in ((old, new), (new, old)))
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key, _ABSENT) != new.get(key, _ABSENT):
                yield from _of_value(f"{where}.{key}", old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif where.startswith("parameter outside."):
        word = "is new" if old is _ABSENT else "is gone" if new is _ABSENT else "changed"
        yield f"file {where.removeprefix('parameter outside.')} {word}"
    else:
        yield f"{where}: {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    return "none" if value is _ABSENT else shortened(str(value))
