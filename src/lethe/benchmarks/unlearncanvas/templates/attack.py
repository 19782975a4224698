"""Can what was forgotten be drawn again? Of a style, an object or a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.figures import attack
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """Rows: see ``lethe.figures.attack.shown``."""
    found = attack.shown(data.tables["attack"], parameters.methods, parameters.judge)
    return Result.of_table(found, {"level": 1 - inference.alpha})


def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """See ``lethe.figures.attack.draw``."""
    return attack.draw(result.table, level=result.notes["level"], units="cells", judge=parameters.judge)


TEMPLATE = CanvasTemplate("UnlearnCanvasAttack", "Attacks on unlearned models", JudgedParameters, compute, draw, ("attack",))
