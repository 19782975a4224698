"""What jobs get that draw and let classifiers look in one process: which classifiers, and how is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lethe.settings.bases import Evaluator
from lethe.settings.models import Settings


class Studios:
    """The studios (``lethe.diffusion.metrics.studio``) of tasks.

    Args:
        settings: of the world.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def _classifiers(self, task: str, metrics: Sequence[str]) -> dict[str, Evaluator]:
        """By name, in the order of the metrics."""
        names = [self._settings.classifier_of(task, metric) for metric in metrics]
        return {name: self._settings.evaluators[name] for name in names}

    def evaluators(self, task: str, metrics: Sequence[str]) -> list[str]:
        """The folders of the classifiers that are these metrics of a task."""
        return [f"<results>/evaluators/{name}" for name in self._classifiers(task, metrics)]

    def settings(self, task: str, seeds: Sequence[int], metrics: Sequence[str]) -> dict[str, Any]:
        """A ``StudioSettings`` as plain data; ``seeds`` are drawn."""
        settings, classifiers = self._settings, self._classifiers(task, metrics)
        return {
            "evaluators": {
                name: evaluator.model_dump(include={"kind", "attribute", "metric"}) for name, evaluator in classifiers.items()
            },
            "scoring": settings.scoring_by(settings.metric_of(name) for name in classifiers),
            "generation": settings.generation_of(task).model_dump(),
            "seeds": list(seeds),
            "world": settings.world,
            "device": settings.device,
            "dtype": settings.dtype,
        }
