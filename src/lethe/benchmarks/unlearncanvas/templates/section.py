"""A figure of an experiment that a task has only where its section of the configuration names it: a sequence, or pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.sequences import RETRAINED
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.figures.templates.base import Files
from lethe.settings.strict import check_known

if TYPE_CHECKING:
    from lethe.figures.templates.world import World


@dataclass(frozen=True)
class SectionTemplate(CanvasTemplate[JudgedParameters]):
    """A figure of one table of such an experiment.

    Attributes:
        section: key of the section of the task; the table is called like it.
    """

    section: str = ""

    def check(self, parameters: JudgedParameters, world: World) -> None:
        """Refuse also a task without the experiment, and a method that is not in it."""
        super().check(parameters, world)
        named = getattr(world.settings.unlearncanvas[parameters.task], self.section)
        if named is None:
            raise ValueError(f"task: '{parameters.task}' has none; set unlearncanvas.{parameters.task}.{self.section}")
        for method in parameters.methods:
            check_known("method", method, list(named.methods))

    def load(self, parameters: JudgedParameters, files: Files, facts: Mapping[str, Any]) -> CanvasData:
        """The table and the cells; rows of the methods that are asked for, of the base and of the retrained model."""
        table = pd.read_csv(files[self.section][0])
        shown = table["method"].isin([BASE, RETRAINED, *parameters.methods])
        return super().load(parameters, files, facts)._replace(tables={self.section: table[shown]})
