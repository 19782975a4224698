"""What in the section `unlearncanvas` does not fit its task, and in which words that is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lethe.core.registry import nearest
from lethe.settings.attack_contradictions import attacked_contradictions, methods_not_run
from lethe.settings.sources import TRANSFER, Numbered
from lethe.settings.unlearncanvas import emitters_of_sequence

if TYPE_CHECKING:
    from lethe.settings.attack import Attack
    from lethe.settings.sections import Sections
    from lethe.settings.tasks import CellTask
    from lethe.settings.unlearncanvas import UnlearnCanvas

REFERENCES = "attack"  # the split of a source that attacks look at


def canvas_contradictions(settings: Sections) -> Iterator[str]:
    """One line for everything in the section that does not fit its task."""
    for name, canvas in settings.unlearncanvas.items():
        where = f"unlearncanvas.{name}"
        if name not in settings.cell_tasks:
            there = list(settings.cell_tasks)
            yield (
                f"{where}: no task of cells is called '{name}'; there are: {', '.join(there) or 'none'}{nearest(name, there)}; "
                f"without the benchmark: unlearncanvas: {{{name}: null}}"
            )
            continue
        task = settings.cell_tasks[name]
        for key in ("style", "object"):
            attribute = getattr(canvas, key)
            if attribute not in task.attributes:
                yield (
                    f"{where}.{key}: '{attribute}' is no attribute of task '{name}'; there are: {', '.join(task.attributes)}"
                    f"{nearest(attribute, task.attributes)}"
                )
        yield from _of_emitters(where, name, task, canvas)
        if canvas.editor and not (canvas.editor in settings.bases and settings.bases[canvas.editor].editing):
            editors = [base for base, entry in settings.bases.items() if entry.editing]
            yield (
                f"{where}.editor: '{canvas.editor}' is no base with `editing`; there are: {', '.join(editors) or 'none'}"
                f"{nearest(canvas.editor, editors)}"
            )
        yield from methods_not_run(f"{where}.demo", canvas.demo, name, settings)
        if canvas.sequence:
            yield from _of_sequence(f"{where}.sequence", task, canvas, settings)
        for key, named in (("sequence", canvas.sequence), ("pairs", canvas.pairs)):
            yield from methods_not_run(f"{where}.{key}.methods", named.methods if named else [], name, settings)
            if named and named.seeds > len(seeds := settings.generation_of(name).seeds):
                yield f"{where}.{key}.seeds: {named.seeds}; allowed: at most {len(seeds)}, the seeds of the task"
        if canvas.attack:
            yield from _of_attack(f"{where}.attack", name, task, canvas.attack, settings)
        yield from _of_transfer(f"{where}.style_transfer", name, task, canvas)
        for other in canvas.answer_sets:
            if other in settings.methods_of(name) or other == "baseline":
                yield f"{where}.answer_sets: '{other}' is called as what is made here; allowed: another name, e.g. {other}_authors"
        for number, judge in enumerate(canvas.judges):
            for key in ("style", "object"):
                yield from _of_judge(f"{where}.judges.{number}.{key}", getattr(judge, key), getattr(canvas, key), name, settings)


def _of_emitters(where: str, name: str, task: CellTask, canvas: UnlearnCanvas) -> Iterator[str]:
    kinds = {canvas.style: "style", canvas.object: "object"}
    for index, emitter in enumerate(task.emitters):
        for attribute, value in emitter.covers.items():
            if attribute not in kinds:
                yield f"{where}: tasks.{name}.emitters.{index}.covers: '{attribute}' is neither the style nor the object of the benchmark"
            elif kinds[attribute] == "style" and value == canvas.photo and len(emitter.covers) == 1:
                yield f"{where}.photo: '{value}' is emitter {index} of task '{name}'; allowed: a value that is never forgotten"
            elif canvas.retained and index not in task.tuning_emitters and value in getattr(canvas.retained, kinds[attribute]):
                yield f"{where}.retained.{kinds[attribute]}: '{value}' is forgotten by emitter {index}, which is reported"


def _of_sequence(where: str, task: CellTask, canvas: UnlearnCanvas, settings: Sections) -> Iterator[str]:
    assert canvas.sequence is not None
    there, asked = emitters_of_sequence(task, canvas), canvas.sequence.published
    for value in asked.forget:
        if value not in there:
            yield f"{where}.forget: '{value}' is no emitter of the task; there are: {', '.join(there)}{nearest(value, list(there))}"
    if circle := _circle(task, [there[value][1] for value in asked.forget if value in there]):
        yield (
            f"{where}.forget: {' and '.join(repr(value) for value in circle)} are forgotten together and take each other's place; "
            "allowed: another overwrite of one of these emitters, or a sequence without it"
        )
    if (base := canvas.sequence.retrained) is None:
        return
    named = [name for name, entry in settings.bases.items() if entry.like == task.base and entry.exclude]
    if base not in named:
        yield (
            f"{where}.retrained: '{base}' is no base that is trained like '{task.base}' without some cells; "
            f"there are: {', '.join(named) or 'none'}{nearest(base, named)}"
        )


def _circle(task: CellTask, forgotten: Sequence[int]) -> list[str]:
    """Values that take each other's place, in order; none: there is always one that is not forgotten."""
    places: dict[tuple[str, str], str] = {}
    for index in forgotten:
        ((attribute, value),) = task.emitters[index].covers.items()
        places[attribute, value] = task.emitters[index].overwrite.get(attribute, "")
    for attribute, value in places:
        met = [value]
        while (following := places.get((attribute, met[-1]))) is not None:
            if following in met:
                return met[met.index(following) :]
            met.append(following)
    return []


def _of_attack(where: str, name: str, task: CellTask, attack: Attack, settings: Sections) -> Iterator[str]:
    if REFERENCES not in (splits := task.source_options.splits()):
        yield f"{where}: the source of task '{name}' keeps no images apart for attacks; it keeps: {', '.join(splits) or 'none'}"
    yield from attacked_contradictions(where, name, attack, settings)


def _of_transfer(where: str, name: str, task: CellTask, canvas: UnlearnCanvas) -> Iterator[str]:
    kept = task.source_options.counts.get(TRANSFER, 0) if isinstance(task.source_options, Numbered) else 0
    wanted = canvas.style_transfer.contents + canvas.style_transfer.references
    if 0 < kept < wanted:
        yield (
            f"{where}: {canvas.style_transfer.contents} contents and {canvas.style_transfer.references} references need {wanted} pictures "
            f"of a cell; tasks.{name}.source_options: {TRANSFER}: {kept}"
        )


def _of_judge(where: str, metric: str, attribute: str, task: str, settings: Sections) -> Iterator[str]:
    there = settings.classifiers_of(task)
    if metric not in there:
        yield f"{where}: '{metric}' is no classifier of task '{task}'; there are: {', '.join(there) or 'none'}{nearest(metric, there)}"
        return
    evaluator = settings.classifier_of(task, metric)
    told = settings.evaluators[evaluator].attribute
    if told != attribute:
        yield f"{where}: '{metric}' tells '{told}' (evaluators.{evaluator}.attribute); allowed: a classifier of '{attribute}'"
    if metric not in settings.metrics_of(task):
        yield f"{where}: '{metric}' is not in tasks.{task}.metrics, so it judges no image; add it there"
