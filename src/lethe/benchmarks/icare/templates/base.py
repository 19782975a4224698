"""What a result template is: parameters, a pure function from finished tables to a result, and the tables it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.statistics.resampling import Inference
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.parameters import Parameters
from lethe.benchmarks.icare.templates.result import Result

Table = Literal["pairs", "entities", "baseline", "off_embeddings"]
Compute = Callable[[Any, Mapping[str, TaskData], Inference], Result]


@dataclass(frozen=True)
class Template:
    """A kind of result.

    Attributes:
        name: short name, part of paths.
        title: the class name of the reference without ``ResultTemplate``; the same as ``name`` where it has no short one.
        parameters: model of its parameters.
        compute: ``compute(parameters, task -> data, inference)``; no file, no plot, no global state.
        tables: tables that it reads besides the metadata.
        embeddings: embeddings of on images that it reads: of one emitter, of all, or none.
        images: whether its figure shows images of one emitter.
        any_method: whether it also makes sense for ``none`` (nothing changes) and ``retrain`` (some emitters only).
    """

    name: str
    title: str
    parameters: type[Parameters]
    compute: Compute
    tables: tuple[Table, ...] = ("pairs",)
    embeddings: Literal["", "emitter", "all"] = ""
    images: bool = False
    any_method: bool = False


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
    return _one_or_many(parameters, "similarity", "similarities")


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
