"""Attacks on models of tasks of entities: one entity was forgotten."""

from __future__ import annotations

from lethe.diffusion.plan.attacks import Attacks
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.models import Models
from lethe.settings.attack_contradictions import judges_of_names
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class EntityAttacks(Attacks):
    """The attacks of the section ``attacks``; reference pictures are the non-members of membership inference.

    Args:
        settings: of the world.
        models, bases: of its tasks.

    Raises:
        SettingsError: a task has no pictures that its base never saw.
    """

    KEY = "attacks.{task}"
    OUTCOME = "attacks/{task}_{concept}_{method}.parquet"
    TABLE = "tables/attack_{task}.csv"
    FIGURE = "figures/attack_{task}.png"
    UNIT = "picture"

    def __init__(self, settings: Settings, models: Models, bases: Bases) -> None:
        for task in settings.attacks:
            if reason := bases.no_membership(task):
                raise SettingsError(f"attacks.{task}: there are no reference pictures that were not trained on: {reason}")
        super().__init__(settings, models, settings.attacks)

    def kind(self, task: str, concept: int) -> str:
        """``entity``."""
        return "entity"

    def another(self, task: str, concept: int) -> int | None:
        """Another reported entity; those with a retrained model first."""
        of = self._settings.entity_tasks[task]
        reported = [index for index in range(of.entities) if index not in of.tuning_emitters]
        return next((index for index in [*of.retrain_emitters, *reported] if index != concept), None)

    def asked(self, task: str, concept: int) -> list[dict[str, list[str]]]:
        """Every classifier of names is a judge. A prompt asks for nothing but the entity."""
        return [{"target": [metric], "other": []} for metric in judges_of_names(self._settings, task)]
