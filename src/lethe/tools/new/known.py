"""Which names are taken, by kind of thing: name -> where it stands."""

from __future__ import annotations

from typing import Any

import lethe.classifiers.methods
import lethe.diffusion.methods
from lethe.core.records import METHOD, NAME
from lethe.core.registry import Registry
from lethe.diffusion.metrics import METRICS
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.specs import DIFFERENCE, quantities
from lethe.diffusion.sources import SOURCES
from lethe.figures.templates import TEMPLATES
from lethe.settings.models import Settings

__all__ = ["METHOD", "NAME", "classifier_methods", "figures", "methods", "metric_refused", "metrics", "sources", "tasks"]


def methods() -> dict[str, str]:
    """Registered methods of diffusion models."""
    return _of(lethe.diffusion.methods.METHODS)


def classifier_methods() -> dict[str, str]:
    """Registered methods of classifiers."""
    return _of(lethe.classifiers.methods.METHODS)


def figures() -> dict[str, str]:
    """Registered figures, of all benchmarks."""
    return _of(TEMPLATES)


def metrics() -> dict[str, str]:
    """Registered metrics, and the column that every table has."""
    return _of(METRICS) | {CONSTANT: "a column of every table of scores"}


def metric_refused(name: str) -> str:
    """Why a metric cannot have this name: its ending has a meaning, or a table already has a column of that name."""
    if name.endswith(DIFFERENCE):
        return f"'...{DIFFERENCE}' is the difference of a metric of single images, on - off"
    if name.endswith("_published"):
        return "'..._published' is a metric as published, scored wherever the metric of that name is"
    if f"{name}{DIFFERENCE}" in quantities() and name not in METRICS:
        return f"its difference '{name}{DIFFERENCE}' exists"
    return ""


def sources() -> dict[str, str]:
    """Registered sources."""
    return _of(SOURCES)


def tasks() -> dict[str, str]:
    """The shipped tasks, and their bases, whose names a new task would take over in an overlay."""
    shipped = Settings()
    return {name: "config/config.yaml" for name in (*shipped.tasks, *shipped.bases)}


def _of(registry: Registry[Any]) -> dict[str, str]:
    return {name: registry.target_of(name) for name in registry.in_order()}
