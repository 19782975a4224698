"""What jobs get that draw and judge in one process: who judges, and how is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lethe.settings.bases import Evaluator
from lethe.settings.models import Settings
from lethe.settings.unlearncanvas import Judge


class Studios:
    """The studios (``lethe.benchmarks.unlearncanvas.studio``) of tasks of the section ``unlearncanvas``.

    Args:
        settings: of the world.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def _classifiers(self, task: str, judges: Sequence[Judge]) -> dict[str, Evaluator]:
        """By name, in the order of the judges."""
        names = [self._settings.classifier_of(task, metric) for judge in judges for metric in (judge.style, judge.object)]
        return {name: self._settings.evaluators[name] for name in names}

    def evaluators(self, task: str, judges: Sequence[Judge] | None = None) -> list[str]:
        """The folders of the classifiers of all judges of a task, or of those given."""
        return [f"<results>/evaluators/{name}" for name in self._classifiers(task, judges or self._judges(task))]

    def settings(self, task: str, seeds: Sequence[int], judges: Sequence[Judge] | None = None) -> dict[str, Any]:
        """A ``StudioSettings`` as plain data; ``seeds`` are drawn."""
        settings, judges = self._settings, judges or self._judges(task)
        classifiers = self._classifiers(task, judges)
        measured = {"metrics": [settings.metric_of(name) for name in classifiers]}
        return {
            "canvas": settings.unlearncanvas[task].of_measures(),
            "judges": [judge.model_dump() for judge in judges],
            "evaluators": {
                name: evaluator.model_dump(include={"kind", "attribute", "metric"}) for name, evaluator in classifiers.items()
            },
            "scoring": settings.scoring.model_dump(exclude={"distribution", "membership"}) | measured,
            "generation": settings.generation_of(task).model_dump(),
            "seeds": list(seeds),
            "world": settings.world,
            "device": settings.device,
            "dtype": settings.dtype,
        }

    def _judges(self, task: str) -> Sequence[Judge]:
        return self._settings.unlearncanvas[task].judges
