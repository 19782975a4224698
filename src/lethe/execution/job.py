"""What a job depends on, from what Snakemake gives to its script: every input, every parameter, its own code."""

from __future__ import annotations

import ast
import atexit
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from lethe.execution import made
from lethe.io import checksums
from lethe.io.hashing import HashMismatchError

DECIDES_NO_RESULT = "checks what a job reads and records what it made"

log = logging.getLogger("lethe")


class Job(Protocol):
    """What a script gets from Snakemake under the name ``snakemake``, as far as it is used here."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    rule: str
    log: Sequence[str]
    threads: int


def job_key(job: Job) -> dict[str, Any]:
    """Everything that the targets of a job depend on, as plain data.

    Its rule and wildcards, the code of its script, every parameter (the code of the package among them, ``code``) and the hash of every
    input. Two jobs with one key make the same targets, so what one has finished the other may use.
    """
    return {
        "rule": job.rule,
        "wildcards": dict(job.wildcards.items()),
        "script": _script_code(),
        "params": {name: value for name, value in job.params.items() if name not in made.NO_PART},
        "inputs": [[str(path), checksums.digest(path)] for path in job.input],
    }


def check_inputs(job: Job) -> None:
    """Hold every input against the hashes that its job wrote; see ``lethe.io.checksums``.

    Raises:
        HashMismatchError: naming every damaged input and the command that makes it again.
    """
    problems = []
    for path in job.input:
        try:
            if not checksums.check(path) and checksums.root_of(Path(path)) is not None:
                log.warning(
                    "%s has no checksum, so it is read unchecked: it was not made by a finished job of this version", path
                )
        except HashMismatchError as error:
            problems.append(str(error))
    if problems:
        raise HashMismatchError("\n".join(problems))


def record_outputs(job: Job) -> None:
    """Take the hashes of the outputs away; write them anew, and what the job was given, when this process ends well."""
    for path in job.output:
        checksums.forget(path)
    atexit.register(_record, job)


def _record(job: Job) -> None:
    if hasattr(sys, "last_value") or not all(os.path.lexists(path) for path in job.output):
        return  # the job failed; Snakemake says so and removes what it has made
    try:
        for path in job.output:
            checksums.record(path)
        if place := made.record_path(job.rule, job.wildcards, job.output):
            made.record(place, made.given(job.params.items(), job.input))
    except OSError as error:
        log.error("the checksums of the outputs could not be written: %s", error)
        logging.shutdown()
        os._exit(1)  # an exception would be printed here and forgotten


def _script_code() -> str:
    """The script's syntax tree: comments and formatting do not count."""
    file = getattr(sys.modules["__main__"], "__file__", None)
    return ast.dump(ast.parse(Path(file).read_text("utf-8"))) if file and Path(file).is_file() else ""
