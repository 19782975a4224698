"""Trajectories: what a method has reached after some epochs of its training."""

from __future__ import annotations

from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class Trajectories:
    """The trainings that are looked into.

    Args:
        settings: of the world. models: of the same.
    """

    def __init__(self, settings: Settings, models: Models) -> None:
        self._settings = settings
        self._models = models

    @property
    def methods(self) -> list[str]:
        """Methods with checkpoints that are run."""
        return [method for method in self._models.runnable if method in self._settings.checkpoints]

    def steps(self, wildcards: Wildcards) -> dict[int, int]:
        """Epoch -> steps taken by then, of the wildcards' method on their task: those that are asked for, and the end.

        Raises:
            SettingsError: a method that takes no steps, an epoch after its end, an emitter that it does not unlearn.
        """
        task, method, index = wildcards.task, wildcards.method, int(wildcards.index)
        found, asked, where = self._models.method(task, method), self._settings.checkpoints[method], f"checkpoints.{method}"
        if not found.epochs:
            raise SettingsError(f"{where}: '{method}' takes no steps, so nothing lies on the way")
        if late := [epoch for epoch in asked if epoch > found.epochs]:
            raise SettingsError(f"{where}: {late[0]}, but its training on '{task}' ends after {found.epochs} epochs")
        if index not in (there := self._models.emitters(task, method)):
            raise SettingsError(
                f"'{method}' does not unlearn emitter {index} of '{task}'; it unlearns {', '.join(map(str, there))}"
            )
        return {epoch: min(epoch * found.per_epoch, found.steps) for epoch in dict.fromkeys([*asked, found.epochs])}
