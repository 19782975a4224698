"""How did the losses go while models were trained?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import Field

from lethe.diffusion.curves import read_curve
from lethe.diffusion.plan.tracking import curved
from lethe.figures import losses
from lethe.figures.footnote import in_one_line
from lethe.figures.templates.base import Files, Pictures, Template
from lethe.figures.templates.parameters import Names, Parameters
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name, check_known
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.figures.templates.world import World

Curves = Mapping[str, Sequence[pd.DataFrame]]
"""Method -> the table of each of its models."""

WORDS = (
    "Loss: what training makes small. Forget: on what is to be forgotten; methods define it differently, so heights do not compare. "
    "Retain, anchor: on what is to be kept."
)


class LossParameters(Parameters):
    """Methods side by side on one task."""

    task: Name = Field(description="task")
    methods: Names = Field(description="methods that train in steps, in the order that they are drawn")


@dataclass(frozen=True)
class LossTemplate(Template[LossParameters, Curves]):
    """A figure of the loss curves of a task; ``compute(parameters, method -> tables, inference)``."""

    def check(self, parameters: LossParameters, world: World) -> None:
        """Refuse a task or a method that has no curves here."""
        check_known("task", parameters.task, list(world.settings.tasks))
        if not (there := curved(world.models, parameters.task)):
            raise ValueError(f"task: no model of '{parameters.task}' is trained here in steps, so there is no loss curve")
        for method in parameters.methods:
            check_known("method that is trained here in steps", method, there)

    def asks(self, parameters: LossParameters, world: World) -> dict[str, list[str]]:
        """The methods that it shows; no metric, and no method of classifiers."""
        nothing: dict[str, list[str]] = {"lethe.classifiers.methods.METHODS": [], "lethe.diffusion.metrics.METRICS": []}
        return nothing | {"lethe.diffusion.methods.METHODS": list(parameters.methods)}

    def files(self, parameters: LossParameters, world: World) -> dict[str, list[str]]:
        """The tables of all models."""
        return {"losses": [f"models/{name}/losses.csv" for name in world.models.names(parameters.task, parameters.methods)]}

    def facts(self, parameters: LossParameters, world: World) -> dict[str, Any]:
        """``methods``: of each table."""
        return {"methods": [model.method for model in world.models.of(parameters.task, parameters.methods)]}

    def remarks(self, parameters: LossParameters, result: Result, facts: Mapping[str, Any]) -> list[str]:
        """What the lines are, and what the names of methods mean."""
        return [WORDS, *in_one_line(parameters.methods)]

    def load(self, parameters: LossParameters, files: Files, facts: Mapping[str, Any]) -> Curves:
        """Method -> tables."""
        found: dict[str, list[pd.DataFrame]] = {method: [] for method in parameters.methods}
        for method, file in zip(facts["methods"], files["losses"], strict=True):
            found[method].append(read_curve(file))
        return found


def compute(parameters: LossParameters, curves: Curves, inference: Inference) -> Result:
    """Rows: see ``lethe.figures.losses.shown``. Note ``without``: methods whose models have no curve."""
    found = losses.shown(curves)
    return Result.of_table(found, {"without": [method for method in curves if method not in set(found["method"])]})


def draw(result: Result, parameters: LossParameters, pictures: Pictures) -> Figure:
    """See ``lethe.figures.losses.draw``."""
    return losses.draw(result.table, task=parameters.task, without=result.notes["without"])


TEMPLATE = LossTemplate("LossCurves", "Loss curves", LossParameters, compute, draw)
