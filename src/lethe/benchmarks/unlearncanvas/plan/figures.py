"""Figures of tasks of cells: the file names under which they are published, and which a task has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lethe.figures.templates.alias import Alias
from lethe.figures.templates.world import World
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

OF_TASK = {
    "main": ("UnlearnCanvasMain", "UnlearnCanvas: UA, IRA, CRA"),
    "forget_retain": ("UnlearnCanvasForgetRetain", "UnlearnCanvas: forget against retain"),
    "confusion": ("UnlearnCanvasConfusion", "UnlearnCanvas: what is drawn instead"),
    "matrix": ("UnlearnCanvasMatrix", "UnlearnCanvas: interference of concepts"),
}
"""Name -> template, label."""


def _methods(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task, and every method that has models of it."""
    known = wildcards.task in world.settings.tasks
    return {"task": wildcards.task, "methods": tuple(world.models.methods_of(wildcards.task) if known else world.models.methods)}


def _pictures(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """One concept under every method that forgot it, in the first seed."""
    asked, concept = _methods(world, wildcards), int(wildcards.index)
    there = tuple(method for method in asked["methods"] if concept in world.models.emitters(wildcards.task, method))
    seed = world.settings.generation_of(wildcards.task).seeds[0]
    return asked | {
        "methods": there or asked["methods"],
        "concept": concept,
        "seed": seed,
    }  # `or`: the index is what is wrong then


ALIASES = [
    *(
        Alias(f"unlearncanvas_{name}", f"unlearncanvas_{name}_{{task}}", template, _methods, "{task}", label)
        for name, (template, label) in OF_TASK.items()
    ),
    Alias(
        "unlearncanvas_grid", "unlearncanvas_grid_{task}_{index}", "UnlearnCanvasGrid", _pictures,
        "{task}", "UnlearnCanvas: pictures of concept {index}",
    ),
]  # fmt: skip
"""Published file names."""


def figures_of(settings: Settings, tasks: Iterable[str]) -> list[str]:
    """The figures of those of some tasks that the benchmark is about; pictures of the first reported style and the first object.

    Of two concepts those come first that a reference by retraining forgets too.
    """
    files = []
    for task in tasks:
        if task not in settings.unlearncanvas:
            continue
        files += [f"<results>/figures/unlearncanvas_{name}_{task}.png" for name in OF_TASK]
        files += [f"<results>/figures/unlearncanvas_grid_{task}_{index:03d}.png" for index in _shown(settings, task)]
    return files


def _shown(settings: Settings, task: str) -> list[int]:
    of = settings.cell_tasks[task]
    reported = [index for index in range(of.emitters_count) if index not in of.tuning_emitters]
    order = sorted(reported, key=lambda index: (index not in of.retrain_emitters, index))
    kinds = {index: tuple(of.emitters[index].covers) for index in order}
    return [next(index for index in order if kinds[index] == kind) for kind in dict.fromkeys(kinds.values())]
