"""The benchmark UnlearnCanvas on tasks of cells: which attributes are style and object, who judges, under which protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from lethe.settings.attack import Attack
from lethe.settings.editing import EditSampling
from lethe.settings.rules import Column
from lethe.settings.sequences import Pairs, Sequence
from lethe.settings.sources import Path
from lethe.settings.strict import Name, Removable, Strict

if TYPE_CHECKING:
    from lethe.settings.tasks import CellTask

Protocol = Literal["default", "released", "author", "saeuron", "u_care", "cuig"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)


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


def emitters_of_sequence(task: CellTask, canvas: UnlearnCanvas) -> dict[str, tuple[str, int]]:
    """Value -> (``style`` or ``object``, index of the emitter that covers all cells with it); of values that are such an emitter."""
    kinds = {canvas.style: "style", canvas.object: "object"}
    covers = [(index, *next(iter(e.covers.items()))) for index, e in enumerate(task.emitters) if len(e.covers) == 1]
    return {value: (kinds[attribute], index) for index, attribute, value in covers if attribute in kinds}


def another_concept(task: CellTask, concept: int) -> int | None:
    """Another emitter of the same kind that is reported: a model that forgot it should still draw ``concept``. Those with a retrained model first."""
    kind = set(task.emitters[concept].covers)
    reported = [index for index in range(task.emitters_count) if index not in task.tuning_emitters]
    others = [*task.retrain_emitters, *reported]
    return next((index for index in others if index != concept and set(task.emitters[index].covers) == kind), None)
