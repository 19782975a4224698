"""Attacks on models of tasks of cells: a style, an object or a pair was forgotten."""

from __future__ import annotations

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.diffusion.plan.attacks import Attacks
from lethe.diffusion.plan.models import Models
from lethe.settings.models import Settings
from lethe.settings.unlearncanvas import another_concept


class CanvasAttacks(Attacks):
    """The attacks of tasks of the section ``unlearncanvas``.

    Args:
        settings: of the world.
        models: of its tasks.
    """

    KEY = "unlearncanvas.{task}.attack"
    OUTCOME = "unlearncanvas/attack_{task}_{concept}_{method}.parquet"
    TABLE = "tables/unlearncanvas_attack_{task}.csv"
    FIGURE = "figures/unlearncanvas_attack_{task}.png"
    UNIT = "cell"

    def __init__(self, settings: Settings, models: Models) -> None:
        super().__init__(settings, models, {name: of.attack for name, of in settings.unlearncanvas.items() if of.attack})

    def kind(self, task: str, concept: int) -> str:
        """``style``, ``object`` or ``pair``."""
        named = self._named(task, concept)
        return "pair" if len(named) > 1 else named[0]

    def another(self, task: str, concept: int) -> int | None:
        """See ``another_concept``."""
        return another_concept(self._settings.cell_tasks[task], concept)

    def asked(self, task: str, concept: int) -> list[dict[str, list[str]]]:
        """The metrics of each judge that tell what the concept names, and of the attribute that it does not name."""
        named = self._named(task, concept)
        return [
            {
                "target": [getattr(judge, of) for of in named],
                "other": [getattr(judge, of) for of in ATTRIBUTES if of not in named],
            }
            for judge in self._settings.unlearncanvas[task].judges
        ]

    def _named(self, task: str, concept: int) -> list[str]:
        """The attributes that a concept names: ``style``, ``object``, or both."""
        covers, canvas = self._settings.cell_tasks[task].emitters[concept].covers, self._settings.unlearncanvas[task]
        return [of for of in ATTRIBUTES if getattr(canvas, of) in covers]
