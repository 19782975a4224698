"""The benchmark UnlearnCanvas on tasks of cells: which attributes are style and object, who judges, under which protocols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from lethe.core.registry import nearest
from lethe.settings.attack import Attack
from lethe.settings.attack_contradictions import attacked_contradictions
from lethe.settings.editing import EditSampling
from lethe.settings.rules import Column
from lethe.settings.sequences import Pairs, Sequence
from lethe.settings.sources import Path
from lethe.settings.strict import Name, Removable, Strict

if TYPE_CHECKING:
    from lethe.settings.sections import Sections
    from lethe.settings.tasks import CellTask

Protocol = Literal["default", "released", "author", "saeuron", "u_care", "cuig"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
REFERENCES = "attack"  # the split of a source that attacks look at


class Judge(Strict):
    """Two classifiers that judge an image together."""

    style: Name = Field(description="the metric that tells the style")
    object: Name = Field(description="the metric that tells the object")


class Retained(Strict):
    """The concepts by which the protocol `cuig` measures what is retained; they are never forgotten."""

    style: list[str] = Field(min_length=1, description="values of the style")
    object: list[str] = Field(min_length=1, description="values of the object")


class StyleTransfer(Strict):
    """What style transfer is measured on."""

    contents: Annotated[int, Field(ge=1, le=10_000)] = Field(
        2, description="held-out pictures of every object that are transferred"
    )
    references: Annotated[int, Field(ge=1, le=10_000)] = Field(2, description="pictures that show the style, of other objects")
    answers: dict[Name, str] = Field(
        default_factory=dict,
        description="answer sets of others: name -> folder {Style}/{Object}_test{number}_ref{number}.jpg, numbers as in the source",
    )


class UnlearnCanvas(Strict):
    """What the benchmark has to know of one task of cells."""

    style: Column = Field("style", description="the attribute of the task that is the style")
    object: Column = Field("object", description="the attribute of the task that is the object")
    photo: str = Field("photo", description="the value of the style that is no style: the picture that others are painted from")
    judges: list[Judge] = Field(min_length=1, description="the first is the benchmark's; others are set beside it")
    protocols: list[Protocol] = Field(
        default=["default", "released", "author", "saeuron", "u_care"],
        min_length=1,
        description="which images UA, IRA and CRA are taken over; see lethe.benchmarks.unlearncanvas.protocols",
    )
    retained: Retained | None = Field(None, description="protocol `cuig` only: what it measures retention by")
    demo: list[Name] = Field(
        default_factory=list, description="methods of the task that the target `demo` runs; none: none of it"
    )
    editor: Name | None = Field(
        None, description="a base with `editing` whose edited pictures are judged: tables/unlearncanvas_edits_{task}.csv"
    )
    edits: EditSampling = Field(default_factory=EditSampling, description="how its pictures are drawn")
    style_transfer: StyleTransfer = Field(
        default_factory=StyleTransfer, description="tables/unlearncanvas_style_transfer_{task}.csv"
    )
    sequence: Sequence | None = Field(None, description="concepts forgotten one after another; null: none")
    pairs: Pairs | None = Field(None, description="single cells forgotten; null: none")
    attack: Attack | None = Field(None, description="attacks on its unlearned models (target `canvas_robustness`); null: none")
    answer_sets: Annotated[dict[Name, Path], Removable] = Field(
        default_factory=dict,
        description="images of others: name -> folder of {Target}/{Theme}_{Object}_seed{seed}.jpg; `base` has no folders of targets",
    )
    published: list[Name] = Field(
        default_factory=list,
        description="numbers of others, config/reference/unlearncanvas_{name}.csv; only for a task of their data and their base",
    )

    def of_measures(self) -> dict[str, Any]:
        """What measures have to know, as plain data: a change of any other key makes no table anew."""
        return self.model_dump(include={"style", "object", "photo", "judges", "protocols", "retained"})

    @model_validator(mode="after")
    def _fits(self) -> UnlearnCanvas:
        if self.style == self.object:
            raise ValueError(f"object: '{self.object}' is the style too; allowed: another attribute")
        if ("cuig" in self.protocols) != (self.retained is not None):
            raise ValueError("protocols: `cuig` goes with `retained`, and only with it")
        if self.retained and self.photo in self.retained.style:
            raise ValueError(f"retained.style: '{self.photo}' is the photo; allowed: styles")
        return self


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
        for number, method in enumerate(canvas.demo):
            if method not in (runs := settings.methods_of(name)):
                yield f"{where}.demo.{number}: '{method}' does not run on the task; there are: {', '.join(runs)}{nearest(method, runs)}"
        if canvas.sequence:
            yield from _of_sequence(f"{where}.sequence", task, canvas, settings)
        for key, named in (("sequence", canvas.sequence), ("pairs", canvas.pairs)):
            for number, method in enumerate(named.methods if named else []):
                if method not in (runs := settings.methods_of(name)):
                    yield f"{where}.{key}.methods.{number}: '{method}' does not run on the task; there are: {', '.join(runs)}{nearest(method, runs)}"
            if named and named.seeds > len(seeds := settings.generation_of(name).seeds):
                yield f"{where}.{key}.seeds: {named.seeds}; allowed: at most {len(seeds)}, the seeds of the task"
        if canvas.attack:
            yield from _of_attack(f"{where}.attack", name, task, canvas.attack, settings)
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


def emitters_of_sequence(task: CellTask, canvas: UnlearnCanvas) -> dict[str, tuple[str, int]]:
    """Value -> (``style`` or ``object``, index of the emitter that covers all cells with it); of values that are such an emitter."""
    kinds = {canvas.style: "style", canvas.object: "object"}
    covers = [(index, *next(iter(e.covers.items()))) for index, e in enumerate(task.emitters) if len(e.covers) == 1]
    return {value: (kinds[attribute], index) for index, attribute, value in covers if attribute in kinds}


def _of_sequence(where: str, task: CellTask, canvas: UnlearnCanvas, settings: Sections) -> Iterator[str]:
    assert canvas.sequence is not None
    there, asked = emitters_of_sequence(task, canvas), canvas.sequence.published
    for value in asked.forget:
        if value not in there:
            yield f"{where}.forget: '{value}' is no emitter of the task; there are: {', '.join(there)}{nearest(value, list(there))}"
    kinds = {value: there[value][0] for value in asked.forget if value in there}
    if len(set(kinds.values())) > 1:
        first, *others = kinds
        odd = next(value for value in others if kinds[value] != kinds[first])
        yield f"{where}.forget: '{first}' is a {kinds[first]} and '{odd}' a {kinds[odd]}; allowed: a sequence of one kind"
    if (base := canvas.sequence.retrained) is None:
        return
    named = [name for name, entry in settings.bases.items() if entry.like == task.base and entry.exclude]
    if base not in named:
        yield (
            f"{where}.retrained: '{base}' is no base that is trained like '{task.base}' without some cells; "
            f"there are: {', '.join(named) or 'none'}{nearest(base, named)}"
        )


def _of_attack(where: str, name: str, task: CellTask, attack: Attack, settings: Sections) -> Iterator[str]:
    if REFERENCES not in (splits := task.source_options.splits()):
        yield f"{where}: the source of task '{name}' keeps no images apart for attacks; it keeps: {', '.join(splits) or 'none'}"
    yield from attacked_contradictions(where, name, attack, settings)


def another_concept(task: CellTask, concept: int) -> int | None:
    """Another emitter of the same kind that is reported: a model that forgot it should still draw ``concept``. Those with a retrained model first."""
    kind = set(task.emitters[concept].covers)
    reported = [index for index in range(task.emitters_count) if index not in task.tuning_emitters]
    others = [*task.retrain_emitters, *reported]
    return next((index for index in others if index != concept and set(task.emitters[index].covers) == kind), None)


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
