"""Forgetting one concept after another, and forgetting single cells of a task of cells."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Discriminator, Field, Tag, field_validator

from lethe.settings.strict import Name, Strict, check_distinct, check_text

SAEURON6 = ("Abstractionism", "Byzantine", "Cartoon", "Cold_Warm", "Ukiyoe", "Van_Gogh")
CUIG_STYLES = (
    *("Blossom_Season", "Rust", "Crayon", "Fauvism", "Superstring", "Red_Blue_Ink"),
    *("Gorgeous_Love", "French", "Joy", "Greenfield", "Expressionism", "Impressionism"),
)
CUIG_OBJECTS = ("Architectures", "Butterfly", "Flame", "Flowers", "Horses", "Human", "Sea", "Trees")


class Published(NamedTuple):
    """A sequence of a published work.

    Attributes:
        forget: what is forgotten, in order.
        kept_styles, kept_objects: by what retention is measured; empty: by all that is never forgotten.
        source: where it is written down.
    """

    forget: tuple[str, ...]
    source: str
    kept_styles: tuple[str, ...] = ()
    kept_objects: tuple[str, ...] = ()


PUBLISHED = {
    "saeuron6": Published(SAEURON6, "SAeUron (ICML 2025)"),
    "cuig12_styles": Published(
        (*SAEURON6, "Neon_Lines", "Picasso", "On_Fire", "Magic_Cube", "Winter", "Vibrant_Flow"),
        "Continual unlearning in image generation (ICLR 2026)",
        CUIG_STYLES,
        CUIG_OBJECTS,
    ),
    "cuig12_objects": Published(
        (
            *("Bears", "Birds", "Cats", "Dogs", "Fishes", "Frogs"),
            *("Jellyfish", "Rabbits", "Sandwiches", "Statues", "Towers", "Waterfalls"),
        ),
        "Continual unlearning in image generation (ICLR 2026)",
        CUIG_STYLES,
        CUIG_OBJECTS,
    ),
}
"""Name -> sequence, of the published data."""

PublishedName = Literal["saeuron6", "cuig12_styles", "cuig12_objects"]
Share = Annotated[float, Field(gt=0, lt=1)]


def _one_or_many(value: Any) -> str:
    return "name" if isinstance(value, str) else "list"


Forgotten = Annotated[
    Annotated[PublishedName, Tag("name")] | Annotated[list[str], Field(min_length=2), Tag("list")], Discriminator(_one_or_many)
]


class Sequence(Strict):
    """Concepts that are forgotten one after another."""

    forget: Forgotten = Field(
        description="values of the style or of the object, in order; each is an emitter of the task. Or a published sequence: "
        "saeuron6, cuig12_styles, cuig12_objects"
    )
    methods: list[Name] = Field(min_length=1, description="methods of the task that change weights or map text embeddings")
    seeds: int = Field(3, ge=2, le=1000, description="pictures of every cell under every model, in the first seeds of the task")
    strengths: list[Share] = Field(
        default=[0.25, 0.5, 0.75],
        description="weaker edits, as shares of the last model's change, by which retention at equal UA is found; []: none",
    )
    retrained: Name | None = Field(
        None,
        description="a base that was trained without all cells of the sequence (bases.{name}.like, exclude); null: no such row",
    )

    @field_validator("strengths")
    @classmethod
    def _rising(cls, value: list[float]) -> list[float]:
        if value != sorted(value):
            raise ValueError(f"{value}; allowed: numbers that rise")
        return value

    @property
    def published(self) -> Published:
        """What is forgotten, and by what retention is measured."""
        return PUBLISHED[self.forget] if isinstance(self.forget, str) else Published(tuple(self.forget), "")


Cell = Annotated[list[str], Field(min_length=2, max_length=2)]


def _rule_or_list(value: Any) -> str:
    return "rule" if isinstance(value, str) else "list"


class Pairs(Strict):
    """Single cells, one style of one object, each forgotten by a model of its own."""

    cells: Annotated[
        Annotated[Literal["diagonal"], Tag("rule")] | Annotated[list[Cell], Field(min_length=1), Tag("list")],
        Discriminator(_rule_or_list),
    ] = Field(
        "diagonal",
        description="[style, object] each; diagonal: style i of the task's cells with object i mod (number of objects), the photo left "
        "out, which are the 50 published pairs on the published data",
    )
    methods: list[Name] = Field(min_length=1, description="methods of the task")
    seeds: int = Field(2, ge=2, le=1000, description="pictures of every cell under every model, in the first seeds of the task")
    target_seeds: int = Field(20, ge=1, le=1000, description="pictures of the cell that is forgotten")

    @field_validator("cells")
    @classmethod
    def _different(cls, value: Any) -> Any:
        for cell in value if isinstance(value, list) else []:
            check_distinct(cell)
            for text in cell:
                check_text(text)
        return value
