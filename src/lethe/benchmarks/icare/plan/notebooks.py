"""Notebooks of a world: which there are, and the values that they are run with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from lethe.io.tables import read_json
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings

NO_NAMES: dict[str, Iterable[str]] = {"lethe.diffusion.methods.METHODS": [], "lethe.diffusion.metrics.METRICS": []}
ANALYSES = ("data_preparation", "data_exploration", "interference", "statistics")  # those that every task has


class Notebooks:
    """The notebooks of tasks, and the tutorials.

    A notebook says in its own metadata, under ``lethe``, which ``task`` it is about, which ``judges`` it looks with (else ``judge``), which
    ``methods`` it loads by name, or which ``templates`` it draws.

    Args:
        settings: of the world.
        folder: of the notebooks.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._folder = folder

    @cached_property
    def tutorial_tasks(self) -> dict[str, str]:
        """Tutorial -> its task, in this world or not."""
        return {path.stem: self._says(path.stem)["task"] for path in sorted(self._folder.glob("tutorial_*.ipynb"))}

    def _says(self, name: str) -> dict[str, Any]:
        says: dict[str, Any] = read_json(self._folder / f"{name}.ipynb")["metadata"]["lethe"]
        return says

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The executed analysis notebooks of some tasks."""
        made = [(task, notebook) for task in tasks for notebook in ANALYSES if not self.no_notebook(notebook, task)]
        return [f"<results>/notebooks/{notebook}_{task}.html" for task, notebook in made]

    def no_notebook(self, notebook: str, task: str) -> str:
        """Why a task does not have an analysis notebook; empty if it has it."""
        of, kinds = self.settings.entity_tasks[task], self.settings.similarity.kinds
        if not isinstance(of.receivers, str):
            return f"it shows every receiver, and tasks.{task}.receivers is '{of.receivers.told}'; allowed: all"
        if notebook != "interference" and not of.balance:
            return f"it is about balanced attributes, and tasks.{task}.balance names none"
        if notebook == "data_exploration" and "attr" not in kinds:
            return f"it is about attributes, and similarity.kinds ({', '.join(kinds)}) does not compare them"
        if notebook == "statistics" and len(of.unlearned) < of.entities:
            return f"its tests need every emitter, and tasks.{task}.emitters are {', '.join(map(str, of.unlearned))}"
        return ""

    @property
    def tutorials(self) -> list[str]:
        """The executed tutorials, in a world that has their tasks and judges."""
        settings = self.settings
        trained = {name for name, entry in settings.evaluators.items() if entry.kind == "classifier"}
        return [
            f"<results>/notebooks/{name}.html"
            for name, task in self.tutorial_tasks.items()
            if task in settings.tasks and set(self._judges(name)) <= trained
        ]

    @property
    def templates(self) -> dict[str, Iterable[str]]:
        """What the notebook of the statistics asks the registry of figures for."""
        return {"lethe.figures.templates.TEMPLATES": self._says("statistics")["templates"]}

    def asks(self, wildcards: Wildcards) -> dict[str, Iterable[str]]:
        """What a tutorial asks registries for: the methods that it loads by name, and no metric."""
        return NO_NAMES | {"lethe.diffusion.methods.METHODS": self._says(wildcards.tutorial).get("methods", [])}

    @property
    def of_data(self) -> dict[str, Iterable[str]]:
        """What the notebooks of entities and similarities ask registries for: no method and no metric."""
        return NO_NAMES

    def values(self, notebook: str, *names: str, **others: Any) -> Callable[[Wildcards], dict[str, Any]]:
        """A params function: these settings of the wildcard's task, `task` its name, beside values that every task shares.

        The function raises a ``SettingsError`` for a task that does not have the notebook, with the reason.
        """

        def found(wildcards: Wildcards) -> dict[str, Any]:
            if reason := self.no_notebook(notebook, wildcards.task):
                raise SettingsError(f"notebooks/{notebook}_{wildcards.task}.html: {reason}")
            plain = self.settings.entity_tasks[wildcards.task].model_dump(
                mode="json"
            )  # papermill writes lists, but a tuple as text
            plain["task"] = wildcards.task
            return {name: plain[name] for name in names} | others

        return found

    def _judges(self, tutorial: str) -> list[str]:
        judges: list[str] = self._says(tutorial).get("judges", ["judge"])
        return judges

    def judges(self, wildcards: Wildcards) -> dict[str, str]:
        """Name -> folder of the classifiers that a tutorial looks with; each is a parameter of it."""
        return {name: f"<results>/evaluators/{name}" for name in self._judges(wildcards.tutorial)}

    def base(self, wildcards: Wildcards) -> str:
        """The pipeline folder of the task of a tutorial."""
        return f"<results>/base/{self.settings.tasks[self.tutorial_tasks[wildcards.tutorial]].base}"

    def latents(self, wildcards: Wildcards) -> str:
        """The latents of the training images of the task of a tutorial."""
        return f"<results>/latents/{self.tutorial_tasks[wildcards.tutorial]}.safetensors"

    def receivers(self, wildcards: Wildcards) -> str:
        """What is asked for in the task of a tutorial."""
        return f"<results>/receivers_{self.tutorial_tasks[wildcards.tutorial]}.json"

    def emitters(self, wildcards: Wildcards) -> str:
        """What is forgotten in the task of a tutorial."""
        return f"<results>/emitters_{self.tutorial_tasks[wildcards.tutorial]}.json"
