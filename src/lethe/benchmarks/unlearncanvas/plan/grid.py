"""Grids of hyper-parameters of a task: which methods, which points, who judges."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from lethe.benchmarks.unlearncanvas.plan.studios import CanvasStudios
from lethe.core.registry import nearest
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.grids import Grid, Point, kept_values, load_grid
from lethe.settings.models import Settings
from lethe.settings.unlearncanvas import Judge


class Grids:
    """The grids of tasks of the section ``unlearncanvas`` that have a file.

    Args:
        settings: of the world.
        models, studios: of its tasks.
        folder: of the files, ``config/grids``.
    """

    def __init__(self, settings: Settings, models: Models, studios: CanvasStudios, folder: Path) -> None:
        self._settings = settings
        self._models = models
        self._studios = studios
        self._folder = folder

    def _path(self, task: str) -> Path:
        return self._folder / f"{task}.yaml"

    @cached_property
    def _grids(self) -> dict[str, Grid]:
        return {task: load_grid(self._path(task)) for task in self._settings.unlearncanvas if self._path(task).is_file()}

    @property
    def tasks(self) -> list[str]:
        """The tasks that have a file."""
        return list(self._grids)

    @property
    def methods(self) -> list[str]:
        """Methods with a grid of any task."""
        return list(dict.fromkeys(method for task in self.tasks for method in self._methods(task)))

    def _methods(self, task: str) -> list[str]:
        """Those of the file that run on the task."""
        return [method for method in self._grids[task].methods if method in self._settings.methods_of(task)]

    def points(self, wildcards: Wildcards) -> list[Point]:
        """The points of the wildcards' method and task."""
        return self._grids[wildcards.task].points(wildcards.method)

    def kept(self, wildcards: Wildcards) -> dict[str, Any]:
        """The hyper-parameters that they have in common. What was chosen is not among them, so writing it down changes no grid.

        Raises:
            SettingsError: the grid varies something that the method has no value of.
        """
        task = wildcards.task
        return kept_values(self._path(task), self._grids[task], self._models.method(task, wildcards.method))

    def _judge(self, task: str) -> Judge:
        judges, number = self._settings.unlearncanvas[task].judges, self._grids[task].judge
        if number > len(judges):
            allowed = f"2 to {len(judges)}" if len(judges) > 1 else "none: the task has one judge, whose numbers are reported"
            raise SettingsError(f"{self._path(task)}: judge is {number}; allowed: {allowed}")
        return judges[number - 1]

    def evaluators(self, wildcards: Wildcards) -> list[str]:
        """The folders of the two classifiers that judge."""
        return self._studios.evaluators(wildcards.task, [self._judge(wildcards.task)])

    def studio(self, wildcards: Wildcards) -> dict[str, Any]:
        """How points are drawn and judged: as reported images, with seeds of their own.

        Raises:
            SettingsError: one of the seeds is reported.
        """
        task = wildcards.task
        reported, own = self._settings.generation_of(task).seeds, list(self._grids[task].seeds)
        for seed in own:
            if seed in reported:
                raise SettingsError(f"{self._path(task)}: seeds: {seed} is a seed of the reported images; allowed: any other")
        return self._studios.settings(task, own, [self._judge(task)])

    def of_task(self, wildcards: Wildcards) -> list[str]:
        """The table of every method.

        Raises:
            SettingsError: the file names a method that does not run on the task.
        """
        task = wildcards.task
        known = self._settings.methods_of(task)
        for method in self._grids[task].methods:
            if method not in known:
                raise SettingsError(
                    f"{self._path(task)}: methods.{method}: no method of task '{task}'; there are: {', '.join(known)}"
                    f"{nearest(method, known)}"
                )
        return [f"<results>/unlearncanvas/grid_{task}_{method}.csv" for method in self._methods(task)]

    @property
    def products(self) -> list[str]:
        """The table of every task."""
        return [f"<results>/tables/unlearncanvas_grid_{task}.csv" for task in self.tasks]
