"""Notebooks of a world: which there are, and the values that they are run with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lethe.settings.models import Settings
from lethe.planning.wildcards import Wildcards

ANALYSES = ("data_preparation", "data_exploration", "interference", "statistics")  # those that every task has
SHOWN = ("MSA", "MSAM")  # result templates that notebooks/statistics.ipynb computes and draws
TUTORIALS = {"tutorial_fade": "people", "tutorial_uce": "objects", "tutorial_munba": "scenes"}  # notebook -> its task


class Notebooks:
    """The notebooks of tasks, and the tutorials."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The executed analysis notebooks of some tasks."""
        return [f"<results>/notebooks/{notebook}_{task}.html" for task in tasks for notebook in ANALYSES]

    @property
    def tutorials(self) -> list[str]:
        """The executed tutorials, in a world that has their tasks and a judge."""
        if "judge" not in self.settings.evaluators:
            return []
        return [f"<results>/notebooks/{name}.html" for name, task in TUTORIALS.items() if task in self.settings.entity_tasks]

    @property
    def templates(self) -> dict[str, Iterable[str]]:
        """What the notebook of the statistics asks the registries of templates for."""
        return dict.fromkeys(("lethe.benchmarks.icare.templates.TEMPLATES", "lethe.benchmarks.icare.figures.templates.PLOTS"), SHOWN)

    def values(self, *names: str, **others: Any) -> Callable[[Wildcards], dict[str, Any]]:
        """A params function: these settings of the wildcard's task, `task` its name, beside values that every task shares."""

        def found(wildcards: Wildcards) -> dict[str, Any]:
            plain = self.settings.entity_tasks[wildcards.task].model_dump(mode="json")  # papermill writes lists, but a tuple as text
            plain["task"] = wildcards.task
            return {name: plain[name] for name in names} | others

        return found

    def base(self, wildcards: Wildcards) -> str:
        """The pipeline folder of the task of a tutorial."""
        return f"<results>/base/{self.settings.tasks[TUTORIALS[wildcards.tutorial]].base}"

    def latents(self, wildcards: Wildcards) -> str:
        """The latents of the training images of the task of a tutorial."""
        return f"<results>/latents/{TUTORIALS[wildcards.tutorial]}.safetensors"

    def receivers(self, wildcards: Wildcards) -> str:
        """What is asked for in the task of a tutorial."""
        return f"<results>/receivers_{TUTORIALS[wildcards.tutorial]}.json"

    def emitters(self, wildcards: Wildcards) -> str:
        """What is forgotten in the task of a tutorial."""
        return f"<results>/emitters_{TUTORIALS[wildcards.tutorial]}.json"
