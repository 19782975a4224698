"""A task: what is forgotten, what is asked for, and where the images come from.

Two kinds. Of ``entities`` each is forgotten and asked for. ``cells`` are combinations of attributes: one is asked for, and a value of an
attribute is forgotten, which all cells with that value show.
"""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from lethe.settings.generation import OwnGeneration
from lethe.settings.names import names_in
from lethe.settings.prompts import EntityPrompt, check_template
from lethe.settings.receivers import Receivers
from lethe.settings.rules import Column, Rule
from lethe.settings.sources import AnyOptions, SourceOptions, options_of
from lethe.settings.strict import Name, Strict, check_distinct, check_known

MOST = 10_000  # entities or cells; an index has four digits at most (lethe.core.records)
COUNTED = "dataset_n_original"  # images of an entity in its source
Emitter = Annotated[int, Field(ge=0, lt=MOST)]

# one message for a value that is neither, not one per member of the union
Attributes = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[list[Column], Field(min_length=1), Tag("list")],
    Discriminator(lambda value: "all" if value == "all" else "list"),
]


class OfEveryKind(Strict):
    """What tasks of every kind have."""

    kind: Literal["entities", "cells"] = Field(
        description="entities: each is forgotten and asked for; cells: combinations of attributes (docs/datasets.md)"
    )
    source: str = Field(description="where images and attributes come from; see lethe.diffusion.sources")
    source_options: AnyOptions = Field(
        default_factory=SourceOptions, description="files that the source reads; see lethe.settings.sources"
    )
    base: Name = Field(description="the base model of this task, a key of `bases`")
    images_per_entity: int = Field(
        48, ge=1, le=10_000, description="training images per entity, at most (the smallest entity decides)"
    )
    min_images_per_entity: int = Field(
        1, ge=1, le=10_000, description="images that every entity must have, else its splits are refused"
    )
    tuning_emitters: list[Emitter] = Field(
        default_factory=list, description="emitters on which hyper-parameters were chosen: never in a reported mean"
    )
    retrain_emitters: list[Emitter] = Field(default_factory=list, description="emitters for which the `retrain` reference exists")
    generation: OwnGeneration | None = Field(
        None, description="what this task samples in another way than `generation` of the world, e.g. {steps: 100}"
    )
    metrics: list[str] | None = Field(
        None, min_length=1, description="what is measured on images of this task; null: `scoring.metrics`"
    )
    methods: list[str] | None = Field(None, min_length=1, description="what runs on this task; null: `methods` of the world")

    @field_validator("source_options", mode="before")
    @classmethod
    def _options_of_the_source(cls, value: Any, info: ValidationInfo) -> SourceOptions:
        source = info.data.get("source", "")
        names = names_in(info)
        known = names is None or source in names.sources
        return options_of(source, value) if known else SourceOptions()  # an unknown source is a fault of its own


class Task(OfEveryKind):
    """A set of entities that are unlearned one by one and asked for under every model."""

    kind: Literal["entities"] = Field(
        "entities", description="entities: each is forgotten and asked for; cells: combinations of attributes (docs/datasets.md)"
    )
    prompt_style: EntityPrompt = Field(
        description="how a prompt is made from a raw name: thing, person, scene, or a template such as 'a photo of {name}'"
    )
    entities: int = Field(10, ge=2, le=MOST, description="how many entities are asked for")
    emitters: list[Emitter] | None = Field(
        None, min_length=1, description="indices of the entities that are unlearned, the others are only asked for; null: all"
    )
    receivers: Receivers = Field(
        "all",
        description="what every model is asked for beside its emitter: all, {nearest: 10}, or {random: 8, strata: 4} "
        "(docs/sampled-receivers.md)",
    )
    balance: tuple[Column, ...] = Field(
        (), description="the two attributes whose combinations are balanced; none: the first entities are taken"
    )
    priority: Column | None = Field(
        None,
        description="numeric column; within a stratum the largest come first; null: dataset_n_original, or without `balance` "
        "the order of the source",
    )
    rules: list[Rule] = Field(
        default_factory=list, description="filters and derived columns, applied in this order before entities are chosen"
    )
    selection: Literal["published", "recomputed"] = Field(
        "recomputed", description="published: the names of config/reference/entities_{task}.csv in that order"
    )
    attributes: Attributes = Field(
        "all", description="attributes that the similarity `attr` compares; all: every one of the source, the balanced pair apart"
    )
    overwrite_prompt: str = Field("", description="what distillation puts in the emitter's place; empty = unconditional")

    @field_validator("balance", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value or ()) if isinstance(value, list | None) else value  # YAML has no tuples

    @field_validator("balance")
    @classmethod
    def _two_attributes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) not in (0, 2):
            raise ValueError(f"{len(value)} attributes: {', '.join(value)}; allowed: two, or none")
        check_distinct(value)
        return value

    @field_validator("priority")
    @classmethod
    def _of_a_stratum(cls, value: str | None, info: ValidationInfo) -> str | None:
        return COUNTED if value is None and info.data.get("balance") else value

    @property
    def emitters_count(self) -> int:
        """How many indices emitters may have; they begin with 0."""
        return self.entities

    @property
    def asked(self) -> int:
        """How many receivers a model is asked for, its emitter included."""
        return self.entities if self.receivers == "all" else self.receivers.count + 1

    @property
    def ranked_by(self) -> str:
        """The column by which entities of a stratum come first, also where nothing is chosen by it."""
        return self.priority or COUNTED

    @property
    def unlearned(self) -> list[int]:
        """Indices of the entities that are unlearned, rising."""
        return list(range(self.entities)) if self.emitters is None else sorted(self.emitters)


class CellEmitter(Strict):
    """What is forgotten: every cell with some values of attributes."""

    covers: dict[Column, str] = Field(
        min_length=1, description="attribute -> value that is forgotten: every cell with it is covered"
    )
    overwrite: dict[Column, str] = Field(
        default_factory=dict, description="attribute -> value that takes its place; none: the unconditional concept"
    )

    @model_validator(mode="after")
    def _another_value(self) -> CellEmitter:
        for attribute, value in self.overwrite.items():
            check_known("overwrite", attribute, list(self.covers))
            if self.covers[attribute] == value:
                raise ValueError(f"overwrite.{attribute}: '{value}' would be replaced by itself; allowed: another value, or none")
        return self


class CellTask(OfEveryKind):
    """Cells, one for every combination of attributes that the source has: each is asked for, and emitters cover several."""

    kind: Literal["cells"] = Field(description="cells: combinations of attributes (docs/datasets.md)")
    prompt_style: str = Field(description="the prompt of a cell, attributes in braces: 'An image of a {colour} {shape}'")
    attributes: list[Column] = Field(min_length=1, description="columns of the source whose values make a cell")
    emitters: list[CellEmitter] = Field(min_length=1, max_length=MOST, description="what is forgotten, in index order")

    @field_validator("prompt_style")
    @classmethod
    def _a_template(cls, value: str) -> str:
        return check_template(value, "attributes in braces", "{colour}")

    @model_validator(mode="after")
    def _attributes_exist(self) -> CellTask:
        named = [name for _, name, _, _ in Formatter().parse(self.prompt_style) if name is not None]
        for name in named:
            check_known("prompt_style", name, self.attributes)
        if missing := [name for name in self.attributes if name not in named]:
            raise ValueError(f"prompt_style: '{self.prompt_style}' lacks {{{missing[0]}}}, so cells would share a prompt")
        for number, emitter in enumerate(self.emitters):
            for name in emitter.covers:
                check_known(f"emitters.{number}.covers", name, self.attributes)
        return self

    @property
    def emitters_count(self) -> int:
        """How many emitters there are; their indices begin with 0."""
        return len(self.emitters)

    @property
    def unlearned(self) -> list[int]:
        """Indices of the emitters, rising."""
        return list(range(len(self.emitters)))


def _which(entry: Any) -> str:
    kind = entry.get("kind") if isinstance(entry, dict) else getattr(entry, "kind", None)
    emitters = entry.get("emitters") if isinstance(entry, dict) else None
    covering = isinstance(emitters, list) and any(isinstance(emitter, dict) for emitter in emitters)
    if kind == "cells" or (kind != "entities" and covering):
        return "CellTask"
    return "Task"  # another kind is a fault of either, which says what is allowed


AnyTask = Annotated[Annotated[Task, Tag("Task")] | Annotated[CellTask, Tag("CellTask")], Discriminator(_which)]
"""A task of either kind; without ``kind`` one of entities."""
