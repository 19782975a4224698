"""Pictures that are edited, and style transfer: which model edits them, and in whose features they are compared."""

from __future__ import annotations

from typing import Any

from lethe.benchmarks.unlearncanvas.plan.tables import BACKBONE, REFERENCE, Canvas
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists
from lethe.settings.sources import TRANSFER
from lethe.settings.unlearncanvas import UnlearnCanvas

CLIP = "clip"


class Edits:
    """Edits on tasks of the benchmark.

    Args:
        settings: of the world.
        canvas: the benchmark in it.
    """

    def __init__(self, settings: Settings, canvas: Canvas) -> None:
        self._settings = settings
        self._canvas = canvas

    def _of(self, wildcards: Wildcards) -> UnlearnCanvas:
        return self._settings.unlearncanvas[wildcards.task]

    @property
    def tasks(self) -> list[str]:
        """Tasks with a model that edits, and with real images that nothing was trained on."""
        return [task for task in self._canvas.with_world if self._settings.unlearncanvas[task].editor]

    def editor(self, wildcards: Wildcards) -> list[str]:
        """The folder of that model, where there is one."""
        return [f"<results>/base/{name}"] if (name := self.name(wildcards)) else []

    def name(self, wildcards: Wildcards) -> str:
        """Its name; empty where there is none."""
        return self._of(wildcards).editor or ""

    def editing(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """What it was taught, as plain data; None where there is none."""
        name = self.name(wildcards)
        editing = self._settings.bases[name].editing if name else None
        return editing.model_dump() if editing else None

    def sampling(self, wildcards: Wildcards) -> dict[str, Any]:
        """How its pictures are drawn, as plain data."""
        return self._of(wildcards).edits.model_dump()

    def scoring(self, wildcards: Wildcards) -> dict[str, Any]:
        """What is measured on edited pictures: what classifiers see and, where the task has it, CLIP."""
        of_real = self._canvas.scoring(wildcards)
        seen = [name for name in of_real["metrics"] if name != BACKBONE]
        return of_real | {"metrics": [*seen, *(name for name in self._settings.metrics_of(wildcards.task) if name == CLIP)]}

    # --- style transfer ---

    def held_out(self, wildcards: Wildcards) -> dict[str, str]:
        """The shard of pictures that the source keeps for style transfer; where it keeps none, those that sets are compared with."""
        return self._canvas.first_split(wildcards, [TRANSFER, REFERENCE])

    def transfer(self, wildcards: Wildcards) -> dict[str, Any]:
        """What style transfer is measured on, as plain data."""
        return self._of(wildcards).style_transfer.model_dump()

    def spaces(self, wildcards: Wildcards) -> list[str]:
        """The folders of the judges of style in whose features it is measured: the first of each architecture."""
        found: dict[str, str] = {}
        for judge in self._of(wildcards).judges:
            name = self._settings.classifier_of(wildcards.task, judge.style)
            found.setdefault(self._settings.pretraining_of(self._settings.evaluators[name]).judge.architecture, name)
        return [f"<results>/evaluators/{name}" for name in found.values()]

    def answers(self, wildcards: Wildcards) -> list[str]:
        """Answer sets of others.

        Raises:
            SettingsError: one is not there.
        """
        named = self._of(wildcards).style_transfer.answers
        for name, folder in named.items():
            check_exists(f"unlearncanvas.{wildcards.task}.style_transfer.answers.{name}", folder)
        return list(named.values())

    @property
    def products(self) -> list[str]:
        """Quality of bases, edits and style transfer: a table of every task that has it."""
        named = {"base": self._canvas.compared, "edits": self.tasks, "style_transfer": self._canvas.with_world}
        return [f"<results>/tables/unlearncanvas_{name}_{task}.csv" for name, tasks in named.items() for task in tasks]
