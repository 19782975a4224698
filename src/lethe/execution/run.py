"""Call the function that a rule names: what every job of this workflow does.

A rule names a function of the package, ``params: job=plan.job("lethe.diffusion.jobs.latents:encode_task")``, and ``scripts/job.py`` as
its script. The function gets what the rule gives, by name: its inputs, outputs, parameters and wildcards. Types are those of its
annotations. Jobs that share what they import share a file in the folder ``jobs`` of their room; a rule may also name a function elsewhere
in the package, where that one takes files anyway.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import ConfigDict, validate_call

from lethe.core.compat import quick_imports
from lethe.core.device import setup_torch
from lethe.core.registry import nearest
from lethe.execution.job import Job
from lethe.execution.runtime import start_job
from lethe.execution.work import WorkFolder

DECIDES_NO_RESULT = "calls the function of a job"
OWN = ("job", "keep", "outside", "work")  # parameters that speak of the job itself
TYPES = ConfigDict(arbitrary_types_allowed=True)


class Given(NamedTuple):
    """What a rule gives to its function, by name. A function need not take the wildcards; it takes all of the others."""

    input: Mapping[str, Any]
    output: Mapping[str, Any]
    params: Mapping[str, Any]
    wildcards: Mapping[str, Any]


def run_job(job: Job) -> None:
    """Start a job (log, checks, determinism) and call the function that its rule names.

    Args:
        job: a script's ``snakemake``.
    """
    start_job(job, " ".join([job.rule, *job.wildcards]), keep=job.params.get("keep", True))
    with quick_imports():
        function = load_function(job.params.job.partition("@")[0])
    if "torch" in sys.modules:
        setup_torch(job.threads)
    parts = (job.input, job.output, job.params, job.wildcards)
    arguments = bind(function, Given(*[{name: _plain(value) for name, value in part.items()} for part in parts]))
    names = inspect.signature(function).parameters
    if "work" in names:
        arguments["work"] = WorkFolder.of_job(job)
    if "threads" in names:
        arguments["threads"] = job.threads
    validate_call(config=TYPES)(function)(**arguments)


def load_function(target: str) -> Callable[..., None]:
    """The function that ``"module:name"`` stands for.

    >>> load_function("lethe.planning.wildcards:one_of").__name__
    'one_of'
    """
    module, _, name = target.partition(":")
    there = vars(importlib.import_module(module))
    found = there.get(name)
    if not inspect.isfunction(found):
        raise AttributeError(f"{module} has no function '{name}'{nearest(name, list(there))}")
    return found


def bind(function: Callable[..., None], given: Given) -> dict[str, Any]:
    """The arguments of ``function`` among what its rule gives.

    An input without files (an empty list) is left to the function's default, where it has one. An argument ``inputs`` gets every input
    that has no argument of its own, by name. An argument ``outputs`` gets every output, whatever their names.

    Raises:
        TypeError: a name stands for two things, the function lacks an argument, or a file or parameter is not taken by it; lists all.
    """
    wanted = inspect.signature(function).parameters
    found: dict[str, Any] = {}
    faults = []
    if "inputs" in wanted:
        own = {name: value for name, value in given.input.items() if name in wanted}
        others = {name: value for name, value in given.input.items() if name not in wanted}
        given = given._replace(input={**own, "inputs": others})
    if "outputs" in wanted:
        if not given.output:
            faults.append("its rule gives no output by name")
        every = [files if isinstance(files, list) else [files] for files in given.output.values()]
        given = given._replace(output={"outputs": [file for files in every for file in files]})
    for kind, values in given._asdict().items():
        for name, value in values.items():
            if kind == "params" and name in OWN:
                continue
            if name not in wanted:
                if kind != "wildcards":
                    faults.append(f"{kind} '{name}' is not taken")
            elif name in found:
                faults.append(f"'{name}' stands for two things")
            else:
                found[name] = value
    for name, parameter in wanted.items():
        has_default = parameter.default is not inspect.Parameter.empty
        if has_default and found.get(name) == []:
            del found[name]
        if name not in found and not has_default and name not in ("work", "threads"):
            faults.append(f"'{name}' is missing{nearest(name, _names(given))}")
    if faults:
        raise TypeError(f"{function.__module__}:{function.__name__} does not fit its rule: {'; '.join(faults)}")
    return found


def _names(given: Given) -> list[str]:
    return [name for values in given for name in values]


def _plain(value: Any) -> Any:
    """Several files as an ordinary list; everything else as it is."""
    return list(value) if isinstance(value, list) else value
