"""What in settings of attacks does not fit their task, and in which words that is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lethe.core.registry import nearest

if TYPE_CHECKING:
    from lethe.settings.attack import Attack
    from lethe.settings.sections import Sections


def attack_contradictions(settings: Sections) -> Iterator[str]:
    """One line for everything in the section ``attacks`` that does not fit its task."""
    for name, attack in settings.attacks.items():
        where = f"attacks.{name}"
        if name not in settings.entity_tasks:
            there = list(settings.entity_tasks)
            of_cells = f"; a task of cells is attacked by unlearncanvas.{name}.attack" if name in settings.cell_tasks else ""
            yield (
                f"{where}: no task of entities is called '{name}'; there are: {', '.join(there) or 'none'}"
                f"{nearest(name, there)}{of_cells}"
            )
            continue
        yield from attacked_contradictions(where, name, attack, settings)
        if not judges_of_names(settings, name):
            yield f"{where}: no classifier judges the images of '{name}', so no success is seen; allowed: a task with the metric 'judge'"
        if attack.pictures > (most := settings.scoring.membership.images):
            yield f"{where}.pictures: {attack.pictures}; allowed: at most {most}, scoring.membership.images"


def attacked_contradictions(where: str, name: str, attack: Attack, settings: Sections) -> Iterator[str]:
    """Concepts that cannot be attacked or have no reference, and methods that do not run on the task."""
    task = settings.tasks[name]
    reported = [index for index in range(task.emitters_count) if index not in task.tuning_emitters]
    for number, concept in enumerate(attack.concepts):
        if task.retrain_emitters and concept not in task.retrain_emitters:
            there = ", ".join(map(str, task.retrain_emitters))
            yield f"{where}.concepts.{number}: no model is retrained without emitter {concept}; allowed: tasks.{name}.retrain_emitters: {there}"
        elif concept not in reported:
            within = ", ".join(str(index) for index in task.tuning_emitters if reported[0] < index < reported[-1])
            yield (
                f"{where}.concepts.{number}: {concept} is no emitter of task '{name}' that is reported; allowed: {reported[0]} to "
                f"{reported[-1]}{f' but for {within}' if within else ''}"
            )
    yield from methods_not_run(f"{where}.methods", attack.methods, name, settings)


def methods_not_run(where: str, methods: Sequence[str], task: str, settings: Sections) -> Iterator[str]:
    """One line for every method of a list that does not run on a task; ``where`` is the key of the list."""
    runs = settings.methods_of(task)
    for number, method in enumerate(methods):
        if method not in runs:
            yield f"{where}.{number}: '{method}' does not run on the task; there are: {', '.join(runs)}{nearest(method, runs)}"


def judges_of_names(settings: Sections, task: str) -> list[str]:
    """The metrics of a task that tell which entity an image shows."""
    return [metric for metric in settings.metrics_of(task) if metric in settings.classifiers_of(task)]
