"""Figures of tasks of cells: the file names under which they are published, and which a task has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lethe.diffusion.plan.attacked import attacked
from lethe.figures.templates.alias import Alias
from lethe.figures.templates.world import World
from lethe.planning.chapters import CANVAS
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

OF_TASK = {
    "main": ("UnlearnCanvasMain", "UA, IRA, CRA"),
    "forget_retain": ("UnlearnCanvasForgetRetain", "forget against retain"),
    "confusion": ("UnlearnCanvasConfusion", "what is drawn instead"),
    "matrix": ("UnlearnCanvasMatrix", "interference of concepts"),
    "similarity": ("UnlearnCanvasSimilarity", "does harm follow similarity?"),
}
"""Name -> template, label."""


def _methods(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task, and every method that has models of it."""
    known = wildcards.task in world.settings.tasks
    return {"task": wildcards.task, "methods": tuple(world.models.methods_of(wildcards.task) if known else world.models.methods)}


def _of_section(section: str) -> Callable[[World, Wildcards], dict[str, Any]]:
    """The task, and every method of its sequence or of its pairs; of a task without, those of the task, and the template says what is wrong."""

    def asked(world: World, wildcards: Wildcards) -> dict[str, Any]:
        known = world.settings.unlearncanvas.get(wildcards.task)
        named = getattr(known, section, None)
        return {"task": wildcards.task, "methods": tuple(named.methods)} if named else _methods(world, wildcards)

    return asked


def _attacked(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task, and every method whose models are attacked; all methods where none is."""
    canvas = world.settings.unlearncanvas.get(wildcards.task)
    asked = _methods(world, wildcards)
    return (
        asked
        if canvas is None or canvas.attack is None
        else asked | {"methods": tuple(attacked(world.models, wildcards.task, canvas.attack))}
    )


def _task(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task."""
    return {"task": wildcards.task}


def _samples(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The base in the first seed."""
    return {"task": wildcards.task, "seed": _first_seed(world, wildcards.task)}


def _pictures(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """One concept under every method that forgot it, in the first seed."""
    asked, concept = _methods(world, wildcards), int(wildcards.index)
    known = wildcards.task in world.settings.tasks
    there = tuple(m for m in asked["methods"] if known and concept in world.models.emitters(wildcards.task, m))
    chosen = {"methods": there or asked["methods"], "concept": concept}  # `or`: the index is what is wrong then
    return asked | chosen | {"seed": _first_seed(world, wildcards.task)}


def _first_seed(world: World, task: str) -> int:
    settings = world.settings
    return (settings.generation_of(task) if task in settings.tasks else settings.generation).seeds[0]


ALIASES = [
    *(
        Alias(f"unlearncanvas_{name}", f"unlearncanvas_{name}_{{task}}", template, _methods, CANVAS, label)
        for name, (template, label) in OF_TASK.items()
    ),
    Alias(
        "unlearncanvas_samples", "unlearncanvas_samples_{task}", "UnlearnCanvasSamples", _samples,
        CANVAS, "the world",
    ),
    Alias(
        "unlearncanvas_capacity", "unlearncanvas_capacity_{task}", "UnlearnCanvasCapacity", _task,
        CANVAS, "how much SPEED can erase",
    ),
    Alias(
        "unlearncanvas_attack", "unlearncanvas_attack_{task}", "UnlearnCanvasAttack", _attacked,
        CANVAS, "attacks",
    ),
    Alias(
        "unlearncanvas_grid", "unlearncanvas_grid_{task}_{index}", "UnlearnCanvasGrid", _pictures,
        CANVAS, "pictures of concept {index}",
    ),
    Alias(
        "unlearncanvas_sequence", "unlearncanvas_sequence_{task}", "UnlearnCanvasSequence", _of_section("sequence"),
        CANVAS, "one concept after another",
    ),
    Alias(
        "unlearncanvas_pairs", "unlearncanvas_pairs_{task}", "UnlearnCanvasPairs", _of_section("pairs"),
        CANVAS, "pairs",
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
        files += [f"<results>/figures/unlearncanvas_{name}_{task}.png" for name in ("samples", *_of_task(settings, task))]
        files += [f"<results>/figures/unlearncanvas_grid_{task}_{index:03d}.png" for index in pictured(settings, task)]
    return files


def _of_task(settings: Settings, task: str) -> list[str]:
    """Names of the figures of a task; similarity is told in the features of its last judge, where these are kept."""
    judge = settings.unlearncanvas[task].judges[-1]
    last = [settings.evaluators[settings.classifier_of(task, metric)] for metric in (judge.style, judge.object)]
    return [name for name in OF_TASK if name != "similarity" or all(evaluator.features for evaluator in last)]


def pictured(settings: Settings, task: str) -> list[int]:
    """The concepts whose pictures are shown: the first of each kind."""
    of = settings.cell_tasks[task]
    reported = [index for index in range(of.emitters_count) if index not in of.tuning_emitters]
    order = sorted(reported, key=lambda index: (index not in of.retrain_emitters, index))
    kinds = {index: tuple(of.emitters[index].covers) for index in order}
    return [next(index for index in order if kinds[index] == kind) for kind in dict.fromkeys(kinds.values())]
