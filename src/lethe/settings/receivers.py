"""Which receivers the models of a task are asked for: all, those most like the emitter, or some that are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from lethe.settings.strict import Strict

if TYPE_CHECKING:
    from lethe.settings.sections import Sections
    from lethe.settings.tasks import Task

ALL: Final = "all"
Kind = Literal["clip", "attr", "dino", "act", "true"]


class Nearest(Strict):
    """The receivers that are most like the emitter."""

    nearest: int = Field(ge=1, lt=10_000, description="receivers of every emitter, beside itself: those that are most like it")
    by: Kind = Field("clip", description="the similarity, one of `similarity.kinds`")

    @property
    def count(self) -> int:
        """Receivers of an emitter beside itself."""
        return self.nearest

    @property
    def told(self) -> str:
        """In a table: ``nearest 10 by clip``."""
        return f"nearest {self.nearest} by {self.by}"


class Drawn(Strict):
    """Receivers drawn by chance, as many of every stratum of similarity to the emitter."""

    random: int = Field(
        ge=2, lt=10_000, description="receivers of every emitter, beside itself, drawn within strata of similarity"
    )
    strata: int = Field(4, ge=1, le=100, description="strata of equal size, from the most like the emitter to the least")
    by: Kind = Field("clip", description="the similarity, one of `similarity.kinds`")
    seed: int = Field(0, ge=0, lt=2**31, description="of the draw")

    @model_validator(mode="after")
    def _some_of_every_stratum(self) -> Drawn:
        if self.random < self.strata:
            raise ValueError(
                f"random: {self.random} receivers of {self.strata} strata; allowed: {self.strata} or more, or at most {self.random} strata"
            )
        return self

    @property
    def count(self) -> int:
        """Receivers of an emitter beside itself."""
        return self.random

    @property
    def told(self) -> str:
        """In a table: ``random 8 in 4 strata by clip``."""
        return f"random {self.random} in {self.strata} strata by {self.by}"


def _which(entry: Any) -> str | None:
    for kind, model in (("nearest", Nearest), ("random", Drawn)):
        if isinstance(entry, model) or (isinstance(entry, dict) and kind in entry):
            return kind
    return None if isinstance(entry, dict) else "all"


Receivers = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Nearest, Tag("nearest")] | Annotated[Drawn, Tag("random")],
    Discriminator(
        _which, custom_error_type="receivers", custom_error_message="Input should be all, {nearest: k} or {random: m, strata: s}"
    ),
]
"""Which receivers a model is asked for: ``all``, ``{nearest: k}`` or ``{random: m}``."""


def told(receivers: Literal["all"] | Nearest | Drawn) -> str:
    """Which receivers models are asked for, in a table: ``all``, or ``told`` of the others."""
    return ALL if isinstance(receivers, str) else receivers.told


def of_receivers(name: str, task: Task, settings: Sections) -> Iterator[str]:
    """One line for everything that does not go with the receivers of a task."""
    asked, where = task.receivers, f"tasks.{name}.receivers"
    if asked == "all":
        return
    key = "nearest" if isinstance(asked, Nearest) else "random"
    if asked.count >= task.entities - 1:
        yield f"{where}.{key}: {asked.count} of the {task.entities - 1} other entities; allowed: fewer, or receivers: all"
    if asked.by not in settings.similarity.kinds:
        yield f"{where}.by: '{asked.by}' is not compared; allowed: {', '.join(settings.similarity.kinds)} (similarity.kinds)"
    for kind in ("images", "tables"):
        if getattr(settings.archive, kind) != "build":
            yield f"{where}: {asked.told}, but archive.{kind} is '{getattr(settings.archive, kind)}', which has all; allowed: all"
    pictures = [
        method
        for method in settings.methods_of(name)
        if method in settings.external and settings.external[method].kind == "images"
    ]
    if pictures:
        yield f"{where}: {asked.told}, but '{pictures[0]}' has pictures of all receivers (kind: images); allowed: all"
    if settings.fidelity == "published":
        yield f"{where}: {asked.told}, but fidelity is 'published', whose statistics are of all receivers; allowed: all"
