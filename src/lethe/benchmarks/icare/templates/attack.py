"""Can an entity that was forgotten be drawn again?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import Field

from lethe.benchmarks.icare.parameters import MethodsParameters
from lethe.diffusion.methods import ROLES
from lethe.diffusion.plan.attacked import attacked
from lethe.figures import attack
from lethe.figures.footnote import in_one_line
from lethe.figures.templates.base import Files, Pictures, Template
from lethe.figures.templates.result import Result
from lethe.settings.attack_contradictions import judges_of_names
from lethe.settings.strict import check_known
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.figures.templates.world import World


class AttackParameters(MethodsParameters):
    """Methods whose models are attacked, to the eye of one judge."""

    judge: int = Field(1, ge=1, description="number of the judge, in the order of the metrics of the task")


@dataclass(frozen=True)
class AttackTemplate(Template[AttackParameters, pd.DataFrame]):
    """A figure of the table of attacks on one task; ``compute(parameters, table, inference)``."""

    def check(self, parameters: AttackParameters, world: World) -> None:
        """Refuse a task that is not attacked, and a method or judge that it does not have."""
        settings, task = world.settings, parameters.task
        check_known("task of entities", task, list(settings.entity_tasks))
        if task not in settings.attacks:
            raise ValueError(f"task: models of '{task}' are not attacked; set attacks.{task} (config/attacks.yaml is an example)")
        for method in parameters.methods:
            check_known("attacked method", method, attacked(world.models, task, settings.attacks[task]))
        if parameters.judge > (judges := len(judges_of_names(settings, task))):
            raise ValueError(f"judge: {parameters.judge} does not exist; allowed: 1 to {judges}")

    def asks(self, parameters: AttackParameters, world: World) -> dict[str, list[str]]:
        """The methods that it shows; no metric, and no method of classifiers."""
        nothing: dict[str, list[str]] = {"lethe.classifiers.methods.METHODS": [], "lethe.diffusion.metrics.METRICS": []}
        return nothing | {"lethe.diffusion.methods.METHODS": list(parameters.methods)}

    def files(self, parameters: AttackParameters, world: World) -> dict[str, list[str]]:
        """The table."""
        return {"table": [f"tables/attack_{parameters.task}.csv"]}

    def remarks(self, parameters: AttackParameters, result: Result, facts: Mapping[str, Any]) -> list[str]:
        """What the names of methods mean; references say it in their rows."""
        return in_one_line(method for method in parameters.methods if not ROLES.role(method))

    def load(self, parameters: AttackParameters, files: Files, facts: Mapping[str, Any]) -> pd.DataFrame:
        """The table."""
        return pd.read_csv(files["table"][0])


def compute(parameters: AttackParameters, table: pd.DataFrame, inference: Inference) -> Result:
    """Rows: see ``lethe.figures.attack.shown``."""
    found = attack.shown(table, parameters.methods, parameters.judge)
    return Result.of_table(found, {"level": 1 - inference.alpha})


def draw(result: Result, parameters: AttackParameters, pictures: Pictures) -> Figure:
    """See ``lethe.figures.attack.draw``."""
    return attack.draw(result.table, level=result.notes["level"], units="reference pictures", judge=parameters.judge)


TEMPLATE = AttackTemplate("EntityAttack", "Attacks on unlearned models", AttackParameters, compute, draw)
