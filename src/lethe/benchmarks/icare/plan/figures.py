"""Figures of tasks: which a world has, and the file names under which some are published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lethe.diffusion.plan.attacked import attacked
from lethe.diffusion.plan.models import Models
from lethe.figures.templates.alias import Alias
from lethe.figures.templates.world import World
from lethe.planning.chapters import ATTACKS, FORGOTTEN, KNOWN, LOST
from lethe.planning.wildcards import Wildcards
from lethe.settings.columns import knows_distance
from lethe.settings.models import JUDGE, Settings

HARM = "clip_diff"  # the pair metric that tells who is harmed


def _methods(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task, and every method that has models of it."""
    return {"task": wildcards.task, "methods": tuple(world.models.methods_of(wildcards.task))}


def _of_metric(world: World, wildcards: Wildcards) -> dict[str, Any]:
    return _methods(world, wildcards) | {"metric": wildcards.metric}


def _matrices(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """In the order of the similarity that tells most."""
    task = world.settings.entity_tasks.get(wildcards.task)  # an unknown task is refused by the template
    kinds = world.settings.similarity.kinds
    return _of_metric(world, wildcards) | {"similarity": telling(kinds, task.source) if task else kinds[0]}


def _similarities(world: World, wildcards: Wildcards) -> dict[str, Any]:
    return {"task": wildcards.task, "similarities": tuple(world.settings.similarity.kinds)}


def _pictures(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """One emitter under every method that unlearned it, in the first seed."""
    task, emitter, settings = wildcards.task, int(wildcards.index), world.settings
    every, models = world.models.methods_of(task), world.models
    methods = [method for method in every if emitter in [model.index for model in models.pictured(task, method)]]
    chosen = {"task": task, "methods": tuple(methods or every), "emitter": emitter}  # `or`: the index is what is wrong then
    return chosen | {"metric": HARM, "similarity": settings.similarity.kinds[0], "seed": settings.generation_of(task).seeds[0]}


def _attacked(world: World, wildcards: Wildcards) -> dict[str, Any]:
    """The task, and every method whose models are attacked; all methods where none is."""
    of = world.settings.attacks.get(wildcards.task)
    return _methods(world, wildcards) | ({"methods": tuple(attacked(world.models, wildcards.task, of))} if of else {})


def telling(kinds: Sequence[str], source: str) -> str:
    """The similarity that tells most of entities of a source: the true one where it is known, else their attributes, if compared.

    Args:
        kinds: those that are compared, at least one. source: its registered name.
    """
    known = [kind for kind in ("true", "attr") if kind in kinds and (kind != "true" or knows_distance(source))]
    return next(iter(known), next((kind for kind in kinds if kind != "true"), kinds[0]))


ALIASES = [
    Alias(
        "interference_matrix", "interference_matrix_{task}_{metric}", "InterferenceMatrices", _matrices,
        LOST, "interference matrix, {metric}",
    ),
    Alias(
        "similarity_matrix", "similarity_matrix_{task}", "SimilarityMatrices", _similarities,
        KNOWN, "similarity matrix",
    ),
    Alias(
        "metric_similarity", "metric_similarity_{task}_{metric}_{kind}", "InterferenceBySimilarity",
        lambda world, wildcards: _of_metric(world, wildcards) | {"similarity": wildcards.kind},
        KNOWN, "{metric} against {kind} similarity",
    ),
    Alias(
        "method_comparison", "method_comparison_{task}_{metric}", "MethodComparison", _of_metric,
        LOST, "method comparison, {metric}",
    ),
    Alias(
        "forget_retain", "forget_retain_{task}", "ForgetRetain", _methods,
        FORGOTTEN, "forget against retain",
    ),
    Alias(
        "visual_grid", "visual_grid_{task}_{index}", "VisualGrid", _pictures,
        FORGOTTEN, "pictures of emitter {index}",
    ),
    Alias(
        "attack", "attack_{task}", "EntityAttack", _attacked,
        ATTACKS, "attacks",
    ),
]  # fmt: skip
"""Published file names."""


class TaskFigures:
    """Which figures the tasks of a world have."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self.models = models

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The figures of some tasks."""
        stems = []
        for task in tasks:
            settings = self.settings.entity_tasks[task]
            ssim = "ssim_published" if self.settings.archive.imported("tables") else "ssim"
            stems += [f"interference_matrix_{task}_{HARM}", f"similarity_matrix_{task}"]
            if task in self.settings.full_tasks:  # else these would show a sample as if it were all
                stems.append(f"metric_similarity_{task}_{ssim}_{telling(self.settings.similarity.kinds, settings.source)}")
                stems.append(f"method_comparison_{task}_{HARM}")
                stems += self.grids(task)
            if JUDGE in self.settings.metrics_of(task):  # without a judge nobody can say what is forgotten
                stems.append(f"forget_retain_{task}")
        return [f"<results>/figures/{stem}.png" for stem in stems]

    def grids(self, task: str) -> list[str]:
        """The grid of pictures of a task, as a stem: of an emitter with a retrained model, else of the first; none without pictures."""
        shown = [model.index for method in self.models.methods_of(task) for model in self.models.pictured(task, method)]
        chosen = [*self.settings.entity_tasks[task].retrain_emitters, *([min(shown)] if shown else [])]
        return [f"visual_grid_{task}_{chosen[0]:03d}"] if shown else []

    def of_paper(self, wildcards: Wildcards | None = None) -> list[str]:
        """Every figure of the I-CARE paper that this world can make, and one of every template for tasks that the paper lacks."""
        from lethe.benchmarks.icare.templates.paper import figures

        return [f"<results>/figures/{figure.stem()}.png" for figure in figures(self.settings, self.models)]
