"""What jobs of the benchmark get that draw and judge in one process: who judges, and how is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lethe.diffusion.plan.studios import Studios
from lethe.settings.models import Settings
from lethe.settings.unlearncanvas import Judge


class CanvasStudios:
    """The studios (``lethe.benchmarks.unlearncanvas.studio``) of tasks of the section ``unlearncanvas``.

    Args:
        settings: of the world.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._studios = Studios(settings)

    def evaluators(self, task: str, judges: Sequence[Judge] | None = None) -> list[str]:
        """The folders of the classifiers of all judges of a task, or of those given."""
        return self._studios.evaluators(task, _metrics(judges or self._judges(task)))

    def settings(self, task: str, seeds: Sequence[int], judges: Sequence[Judge] | None = None) -> dict[str, Any]:
        """A ``CanvasStudioSettings`` as plain data; ``seeds`` are drawn."""
        judges = judges or self._judges(task)
        of_canvas = {
            "canvas": self._settings.unlearncanvas[task].of_measures(),
            "judges": [judge.model_dump() for judge in judges],
        }
        return of_canvas | self._studios.settings(task, seeds, _metrics(judges))

    def _judges(self, task: str) -> Sequence[Judge]:
        return self._settings.unlearncanvas[task].judges


def _metrics(judges: Sequence[Judge]) -> list[str]:
    """The metrics of judges, in their order."""
    return [metric for judge in judges for metric in (judge.style, judge.object)]
