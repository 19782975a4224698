"""Two checks of Snakemake's plan in less time: that no output lies in another one, and that the script of every job can be read.

The first sorts the paths of all outputs, part by part. Here it is done where some output lies below another one, and else left out: that
is seen by the folders alone. The second reads the script of every job. Here it is read once a rule, as long as its path has no wildcards.
Both have the answers and the errors of Snakemake, which has no setting for them, so two methods are replaced.
"""

from __future__ import annotations

import os
from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import dag
from snakemake.logging import logger

from lethe.execution.known import takes

_directories: Any = getattr(dag.DAG, "check_directory_outputs", None)
_script: Any = getattr(getattr(dag, "ScriptProcessor", None), "process_job", None)


def check_once() -> bool:
    """From here on plans are checked in this way; returns whether they are. A Snakemake that is not as known here stays as it is."""
    if not (takes(_directories, ["self"]) and takes(_script, ["self", "job"])):
        logger.warning("Snakemake checks its plan in another way than known here: a large plan takes longer")
        return False
    dag.DAG.check_directory_outputs = _check_directories
    dag.ScriptProcessor.process_job = _check_script
    return True


def nested(outputs: set[str]) -> bool:
    """Whether a path may lie in another one; of paths that are not plain, it may be.

    >>> nested({"results/a", "results/a.json"}), nested({"results/a", "results/a/b/c.json"})
    (False, True)
    """
    if any(path.startswith(("/", ".")) or path.endswith("/") or "//" in path or "/." in path for path in outputs):
        return True
    folders = {os.path.dirname(path) for path in outputs}
    while folders := folders - {""}:
        if not folders.isdisjoint(outputs):
            return True
        folders = {os.path.dirname(folder) for folder in folders}
    return False


def _check_directories(self: Any) -> None:
    if nested({str(file) for job in self.jobs for file in job.output}):
        _directories(self)


def _check_script(self: Any, job: Any) -> None:
    script = getattr(job.rule, self.script_type, None)
    key = job.rule.name, str(script)
    read: set[tuple[str, str]] = self.__dict__.setdefault("_read", set())
    if key not in read:
        _script(self, job)
        if "{" not in key[1]:
            read.add(key)
