"""What a job asks registries for by name, from its wildcards and the configuration.

A job's code contains what its imports lead to. Where these lead to a registry, it also contains the entries that the job loads: the method
of its wildcard, or every method of the world where it has none. A job of a task asks for no method of classifiers, one of a data set for
none of diffusion models. ``lethe.execution.code`` puts both together, and refuses to guess where nothing is said here about a registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lethe.diffusion.metrics import with_published
from lethe.settings.models import JUDGE, Settings


def asked_by(settings: Settings, runnable: Iterable[str], wildcards: Mapping[str, str]) -> dict[str, list[str]]:
    """Dotted registry -> names that a job with these wildcards asks it for, as far as they tell.

    Args:
        settings: of the world.
        runnable: every unlearning method whose models can be asked for.
        wildcards: of the job.
    """
    names = [wildcards["task"]] if "task" in wildcards else list(settings.tasks)
    evaluators = [wildcards["evaluator"]] if "evaluator" in wildcards else list(settings.evaluators)
    # A classifier is a metric of its own name: `judge` with another model
    metrics: list[str] = []
    for task in names:
        classifiers = {*settings.classifiers_of(task)} - {JUDGE}
        metrics += [name for name in settings.metrics_of(task) if name not in classifiers]
    studied = settings.deepunlearn.datasets
    datasets = [wildcards["dataset"]] if "dataset" in wildcards else list(studied)
    architectures = [name for dataset in datasets for name in studied[dataset].architectures]
    lira = [
        name
        for dataset in datasets
        if dataset in settings.deepunlearn.lira
        for name in settings.deepunlearn.lira[dataset].methods
    ]
    methods = [name for dataset in datasets for name in studied[dataset].methods] + lira
    found: dict[str, list[str]] = {
        "lethe.diffusion.methods.METHODS": _named(wildcards, "method", [] if "dataset" in wildcards else runnable),
        "lethe.diffusion.sources.SOURCES": [settings.tasks[name].source for name in names],
        "lethe.diffusion.metrics.METRICS": with_published(metrics),
        "lethe.diffusion.pretraining.EVALUATOR_FOLDERS": [
            settings.evaluators[name].kind for name in evaluators if settings.evaluators[name].kind != "zero_shot"
        ],  # which is the task's clip
        "lethe.classifiers.PROVIDERS": [studied[name].provider or name for name in datasets],
        "lethe.classifiers.ARCHITECTURES": _named(wildcards, "architecture", architectures),
        "lethe.classifiers.methods.METHODS": _named(wildcards, "unlearner", [] if "task" in wildcards else methods),
    }
    if "template" in wildcards:
        found["lethe.figures.templates.TEMPLATES"] = [wildcards["template"]]
    return {registry: sorted(set(names)) for registry, names in found.items()}


def _named(wildcards: Mapping[str, str], wildcard: str, others: Iterable[str]) -> list[str]:
    """The name that a wildcard holds, or all ``others`` of a job without it."""
    return [wildcards[wildcard]] if wildcard in wildcards else list(others)
