"""Attacks on unlearned models: which models of which task, and who judges."""

from __future__ import annotations

from typing import Any

from lethe.benchmarks.unlearncanvas.attacked import attacked
from lethe.benchmarks.unlearncanvas.plan.studios import Studios
from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings
from lethe.settings.unlearncanvas import another_concept


class Attacks:
    """The attacks of tasks of the section ``unlearncanvas``.

    Args:
        settings: of the world.
        models, studios: of its tasks.

    Raises:
        SettingsError: models of a method have no weights.
    """

    def __init__(self, settings: Settings, models: Models, studios: Studios) -> None:
        self._settings = settings
        self._models = models
        self._studios = studios
        self._of = {name: canvas.attack for name, canvas in settings.unlearncanvas.items() if canvas.attack}
        for task, attack in self._of.items():
            where = f"unlearncanvas.{task}.attack.methods"
            models.check_weights(task, {f"{where}.{number}": method for number, method in enumerate(attack.methods)})

    @property
    def tasks(self) -> list[str]:
        """Tasks whose models are attacked."""
        return list(self._of)

    @property
    def methods(self) -> list[str]:
        """Methods that are attacked on any task."""
        return list(dict.fromkeys(method for task in self.tasks for method in self._methods(task)))

    def _methods(self, task: str) -> list[str]:
        return attacked(self._models, task, self._of[task])

    def settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """How the wildcard's task is attacked, as plain data."""
        return self._of[wildcards.task].model_dump()

    def names(self, wildcards: Wildcards) -> list[str]:
        """The model that forgot the wildcards' concept, and the one of the same method that forgot another."""
        task, method, concept = wildcards.task, wildcards.method, int(wildcards.concept)
        asked: list[int | None] = [concept]
        if ROLES.role(method) != UNCHANGED:  # there both are the base
            asked.append(another_concept(self._settings.cell_tasks[task], concept))
        there = {model.index: model.name for model in self._models.of_method(task, method)}
        return [there[index] for index in asked if index in there]

    def deltas(self, wildcards: Wildcards) -> list[str]:
        """Their files."""
        return [f"<results>/models/{name}/delta.safetensors" for name in self.names(wildcards)]

    def evaluators(self, wildcards: Wildcards) -> list[str]:
        """The folders of the classifiers that judge."""
        return self._studios.evaluators(wildcards.task)

    def studio(self, wildcards: Wildcards) -> dict[str, Any]:
        """How pictures are drawn and judged: as the task's, in its first seeds."""
        task = wildcards.task
        return self._studios.settings(task, list(self._settings.generation_of(task).seeds)[: self._of[task].seeds])

    def of_task(self, wildcards: Wildcards) -> list[str]:
        """The outcome of every attack on the models of a task."""
        task = wildcards.task
        return [
            f"<results>/unlearncanvas/attack_{task}_{concept:03d}_{method}.parquet"
            for concept in self._of[task].concepts
            for method in self._methods(task)
            if concept in self._models.emitters(task, method)
        ]

    def references(self, wildcards: Wildcards) -> dict[str, str]:
        """Role -> the method of the wildcard's task that has it: what changes nothing, what was retrained."""
        roles = {ROLES.role(method): method for method in self._methods(wildcards.task)}
        return {role: roles[role] for role in (UNCHANGED, RETRAINED) if role in roles}

    @property
    def products(self) -> list[str]:
        """Table and figure of every task."""
        return [
            f"<results>/{folder}/unlearncanvas_attack_{task}.{ending}"
            for task in self.tasks
            for folder, ending in (("tables", "csv"), ("figures", "png"))
        ]
