"""Attacks on unlearned models: which models of which task, with which controls, and who judges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.diffusion.plan.attacked import attacked
from lethe.diffusion.plan.models import Models
from lethe.diffusion.plan.studios import Studios
from lethe.planning.wildcards import Wildcards
from lethe.settings.attack import Attack
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class Attacks(ABC):
    """The attacks on tasks of one kind; a benchmark says what is forgotten there, who judges, and where files are.

    Args:
        settings: of the world.
        models: of its tasks.
        of: task -> how its models are attacked.

    Attributes:
        KEY: of the settings of a task.
        OUTCOME, TABLE, FIGURE: its files below results/{world}/.
        UNIT: what is drawn anew for an interval, see ``lethe.diffusion.attacks.table``.

    Raises:
        SettingsError: no method of the task changes nothing, or models of a method that is named have no weights.
    """

    KEY: ClassVar[str]
    OUTCOME: ClassVar[str]
    TABLE: ClassVar[str]
    FIGURE: ClassVar[str]
    UNIT: ClassVar[str]

    def __init__(self, settings: Settings, models: Models, of: Mapping[str, Attack]) -> None:
        self._settings = settings
        self._models = models
        self._studios = Studios(settings)
        self._of = dict(of)
        for task, attack in self._of.items():
            where = f"{self.KEY.format(task=task)}.methods"
            if UNCHANGED not in map(ROLES.role, self._methods(task)):
                raise SettingsError(
                    f"{where}: without '{ROLES.reference(UNCHANGED)}' nobody knows whether an attack breaks prompts; "
                    f"add it to the methods of task '{task}'"
                )
            models.check_weights(task, {f"{where}.{number}": method for number, method in enumerate(attack.methods)})

    @abstractmethod
    def kind(self, task: str, concept: int) -> str:
        """What kind of thing a concept is, in the table."""

    @abstractmethod
    def another(self, task: str, concept: int) -> int | None:
        """Another concept of the same kind: a model that forgot it should still draw ``concept``. None if there is none."""

    @abstractmethod
    def asked(self, task: str, concept: int) -> list[dict[str, list[str]]]:
        """Of every judge a ``JudgeMetrics`` (``lethe.diffusion.attacks.judged``) as plain data."""

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
            asked.append(self.another(task, concept))
        there = {model.index: model.name for model in self._models.of_method(task, method)}
        return [there[index] for index in asked if index in there]

    def deltas(self, wildcards: Wildcards) -> list[str]:
        """Their files."""
        return [f"<results>/models/{name}/delta.safetensors" for name in self.names(wildcards)]

    def judges(self, wildcards: Wildcards) -> list[dict[str, list[str]]]:
        """Who judges whether the wildcards' concept is seen."""
        return self.asked(wildcards.task, int(wildcards.concept))

    def evaluators(self, wildcards: Wildcards) -> list[str]:
        """The folders of the classifiers that judge."""
        return self._studios.evaluators(wildcards.task, self._metrics(wildcards.task))

    def studio(self, wildcards: Wildcards) -> dict[str, Any]:
        """How pictures are drawn and judged: as the task's, in its first seeds."""
        task = wildcards.task
        seeds = list(self._settings.generation_of(task).seeds)[: self._of[task].seeds]
        return self._studios.settings(task, seeds, self._metrics(task))

    def _metrics(self, task: str) -> list[str]:
        """The metrics of all judges, each once; they are the same for every concept."""
        judges = self.asked(task, self._of[task].concepts[0])
        return list(dict.fromkeys(metric for judge in judges for part in judge.values() for metric in part))

    def of_task(self, wildcards: Wildcards) -> list[str]:
        """The outcome of every attack on the models of a task."""
        task = wildcards.task
        return [
            f"<results>/{self.OUTCOME.format(task=task, concept=f'{concept:03d}', method=method)}"
            for concept in self._of[task].concepts
            for method in self._methods(task)
            if concept in self._models.emitters(task, method)
        ]

    def kinds(self, wildcards: Wildcards) -> list[str]:
        """The kind of every concept of the wildcard's task, in index order."""
        task = wildcards.task
        return [self.kind(task, concept) for concept in range(self._settings.tasks[task].emitters_count)]

    def references(self, wildcards: Wildcards) -> dict[str, str]:
        """Role -> the method of the wildcard's task that has it: what changes nothing, what was retrained."""
        roles = {ROLES.role(method): method for method in self._methods(wildcards.task)}
        return {role: roles[role] for role in (UNCHANGED, RETRAINED) if role in roles}

    @property
    def products(self) -> list[str]:
        """Table and figure of every task."""
        return [f"<results>/{file.format(task=task)}" for task in self.tasks for file in (self.TABLE, self.FIGURE)]
