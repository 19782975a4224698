"""Which loss curves there are, and which go to a service that shows them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from lethe.diffusion.plan.models import Models
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class Tracking:
    """The loss curves of the models that are trained here.

    Args:
        settings: of the world. models: of the same.

    Raises:
        SettingsError: the package of the tracker is not installed.
    """

    def __init__(self, settings: Settings, models: Models) -> None:
        self._models = models
        self.trackers = [] if settings.tracker == "none" else [settings.tracker]
        for name in self.trackers:
            if find_spec(name) is None:  # finds it without importing it
                raise SettingsError(f"tracker: the package '{name}' is not installed; pip install {name}, or set tracker: none")

    def methods(self, task: str) -> list[str]:
        """The methods that train models of a task here, step by step; those of others and of a record have no curves."""
        return curved(self._models, task)

    def files(self, tasks: Iterable[str]) -> list[str]:
        """What some tasks leave with the tracker, a folder per method; without a tracker nothing."""
        return [
            f"<results>/tracking/{tracker}/{task}_{method}"
            for tracker in self.trackers
            for task in tasks
            for method in self.methods(task)
        ]


def curved(models: Models, task: str) -> list[str]:
    """Methods of a task with loss curves: whose models are made here, in steps."""
    if not models.built("models"):
        return []
    return [name for name in models.methods_of(task) if models.runs_here(name) and models.method(task, name).epochs]
