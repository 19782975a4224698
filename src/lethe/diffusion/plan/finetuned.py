"""Bases that are trained further from another one: where they start, how they are trained, and whether they edit pictures."""

from __future__ import annotations

from typing import Any

from lethe.diffusion.plan.bases import Bases
from lethe.planning.memory import Need, need
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.finetuning import Finetuning
from lethe.settings.models import Settings


class Finetuned:
    """Fine-tuned bases.

    Args:
        settings: of the world.
        bases: of the same.
    """

    def __init__(self, settings: Settings, bases: Bases) -> None:
        self._settings = settings
        self._bases = bases

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [name for name, entry in self._settings.bases.items() if entry.source == "finetuned"]

    def start(self, wildcards: Wildcards) -> str:
        """The folder of the base that the wildcard's base starts from.

        Raises:
            SettingsError: it does not predict the noise, or is of XL.
        """
        start = str(self._settings.bases[wildcards.base].start)
        if reason := self._bases.only_noise(start):
            raise SettingsError(f"bases.{wildcards.base}.start: {reason}")
        return f"<results>/base/{start}"

    def training(self, wildcards: Wildcards) -> dict[str, Any]:
        """How the wildcard's base is fine-tuned, as plain data."""
        return (self._settings.bases[wildcards.base].finetuning or Finetuning()).model_dump()

    def editing(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """How it learns to edit pictures, as plain data; None for one that does not."""
        editing = self._settings.bases[wildcards.base].editing
        return editing.model_dump() if editing else None

    def size(self, wildcards: Wildcards) -> int:
        """Height and width of the images of its tasks, pixels: the largest."""
        return max(self._settings.generation_of(task).size for task in self._bases.tasks_on(wildcards))

    def memory(self, wildcards: Wildcards) -> int:
        """MB of main memory for the training."""
        return self._need(wildcards).host

    def gpu_memory(self, wildcards: Wildcards) -> int:
        """MB of GPU memory for it."""
        return self._need(wildcards).gpu

    def _need(self, wildcards: Wildcards) -> Need:
        training = self.training(wildcards)
        rows = {"forget_batch": training["optimizer"]["batch_size"], "trainable": training["trained"]}
        return need("unlearn", self._settings, training | rows)
