"""The file name under which loss curves are drawn."""

from __future__ import annotations

from typing import Any

from lethe.diffusion.plan.tracking import curved
from lethe.figures.templates.alias import Alias
from lethe.figures.templates.world import World
from lethe.planning.chapters import FORGOTTEN
from lethe.planning.wildcards import Wildcards


def _methods(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task, and every method with loss curves; all methods where none has any."""
    task, models = wildcards.task, world.models
    return {"task": task, "methods": tuple(curved(models, task) or models.methods_of(task))}


ALIASES = [Alias("losses", "losses_{task}", "LossCurves", _methods, FORGOTTEN, "loss curves")]
