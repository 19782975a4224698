"""A task: which entities, where their images come from, how they are chosen and what they are asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from lethe.settings.names import names_in
from lethe.settings.rules import Column, Rule
from lethe.settings.sources import AnyOptions, SourceOptions, options_of
from lethe.settings.strict import Name, Strict, check_distinct

MOST = 10_000  # entities; an index has four digits at most (lethe.core.records)
Emitter = Annotated[int, Field(ge=0, lt=MOST)]

# one message for a value that is neither, not one per member of the union
Attributes = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[list[Column], Field(min_length=1), Tag("list")],
    Discriminator(lambda value: "all" if value == "all" else "list"),
]


class Task(Strict):
    """One task: a set of entities that are unlearned one by one and asked for under every model."""

    source: str = Field(description="where images and attributes come from; see lethe.diffusion.sources")
    source_options: AnyOptions = Field(
        default_factory=SourceOptions, description="files that the source reads; see lethe.settings.sources"
    )
    base: Name = Field(description="the base model of this task, a key of `bases`")
    prompt_style: Literal["thing", "person", "scene"] = Field(description="how a prompt is made from a raw name")
    entities: int = Field(10, ge=2, le=MOST, description="entities after balancing")
    balance: tuple[Column, Column] = Field(description="the two attributes whose combinations are balanced")
    priority: Column = Field("dataset_n_original", description="numeric column; within a stratum the largest come first")
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

    @field_validator("source_options", mode="before")
    @classmethod
    def _options_of_the_source(cls, value: Any, info: ValidationInfo) -> SourceOptions:
        source = info.data.get("source", "")
        names = names_in(info)
        known = names is None or source in names.sources
        return options_of(source, value) if known else SourceOptions()  # an unknown source is a fault of its own

    @field_validator("balance", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value  # YAML has no tuples

    @field_validator("balance")
    @classmethod
    def _two_attributes(cls, value: tuple[str, str]) -> tuple[str, str]:
        check_distinct(value)
        return value
