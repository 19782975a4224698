"""Parameters of I-CARE's figures, and what they ask for: tasks, methods, metrics, similarities, entities."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.core.records import Fidelity
from lethe.figures.templates.parameters import Names, Parameters
from lethe.settings.strict import Name

FEW, LARGE = 2, 100  # entities per category where a task has fewer than LARGE entities


class ResultParameters(Parameters):
    """What every result takes; a template adds its own fields."""

    fidelity: Fidelity = Field("corrected", description="published: the reference's statistics, also where they are wrong")


class TaskParameters(ResultParameters):
    """A result of one task."""

    task: Name = Field(description="task")


class MethodParameters(TaskParameters):
    """A result of one method on one task."""

    method: Name = Field(description="method that unlearned")


class PairParameters(MethodParameters):
    """A result of one pair metric of one method on one task."""

    metric: Name = Field(description="pair metric, e.g. clip_diff")


def _of_the_base(kind: str) -> str:
    if kind == "weights":
        raise ValueError("weights are similar under one method, and this figure has one similarity for all; take another kind")
    return kind


KindOfBase = Annotated[Name, AfterValidator(_of_the_base)]
"""A kind of similarity that is the same for all methods."""


class MethodsParameters(Parameters):
    """Several methods side by side on one task, straight from its tables."""

    task: Name = Field(description="task")
    methods: Names = Field(description="methods, in the order that they are drawn")


def tasks_of(parameters: Parameters) -> list[str]:
    """The tasks that a result reads."""
    return _one_or_many(parameters, "task", "tasks")


def methods_of(parameters: Parameters) -> list[str]:
    """The methods that a result reads."""
    return [method for method in _one_or_many(parameters, "method", "methods") if method]


def metrics_of(parameters: Parameters) -> list[str]:
    """The pair metrics that a result reads."""
    return _one_or_many(parameters, "metric", "metrics")


def kinds_of(parameters: Parameters) -> list[str]:
    """The kinds of similarity that a result reads."""
    return [kind for kind in _one_or_many(parameters, "similarity", "similarities") if kind]


def similarities_of(parameters: Parameters) -> list[str]:
    """The similarities that a result reads, ``weights`` once per method."""
    methods = methods_of(parameters) or [""]
    return list(dict.fromkeys(similarity_of(kind, method) for kind in kinds_of(parameters) for method in methods))


def emitters_of(parameters: Parameters) -> list[int]:
    """The entities that a result names."""
    return [getattr(parameters, key) for key in ("emitter", "source", "sink") if isinstance(getattr(parameters, key, None), int)]


def _one_or_many(parameters: Parameters, one: str, many: str) -> list[Any]:
    if hasattr(parameters, one):
        return [getattr(parameters, one)]
    return list(getattr(parameters, many, ()))
