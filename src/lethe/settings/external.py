"""Models that others made: what kind of files they are, where these are, and which emitter each one forgot."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from lethe.core.records import METHOD
from lethe.settings.methods import MOST_EPOCHS
from lethe.settings.strict import Strict, check_known
from lethe.settings.tasks import Emitter

if TYPE_CHECKING:
    from lethe.settings.sections import Sections

IN_PATH = ("task", "index", "target")
IN_PATTERN = ("receiver", "seed")
MethodName = Annotated[str, Field(pattern=f"^{METHOD}$", max_length=40)]


class External(Strict):
    """The models of a method that others ran: one file or folder for each emitter (docs/external-models.md)."""

    kind: Literal["lora", "partial", "pipeline", "images"] = Field(
        description="lora: of diffusers or kohya; partial: some weights of the base; pipeline: a diffusers folder; images: pictures alone"
    )
    path: str = Field(
        min_length=1,
        description="of one model: {index} (003), {target} (George_W_Bush) and {task} stand for its emitter and task",
    )
    emitters: list[Emitter] = Field(
        default_factory=list, description="indices of the emitters that have a model; none: every one whose file exists"
    )
    targets: dict[str, Emitter] = Field(
        default_factory=dict, description="what stands for {target} -> index, where names are known only when a task has run"
    )
    scale: float = Field(
        1.0, ge=-100, le=100, description="lora only: factor of the change; -1 inverts it, as Vision Unlearning does for MUNBa"
    )
    epochs: int = Field(0, ge=0, le=MOST_EPOCHS, description="in names of files, three digits")
    pattern: str = Field(
        "{receiver:03d}_{seed}.png",
        min_length=1,
        description="images only: the file of a picture, by index of the receiver and seed",
    )

    @field_validator("path")
    @classmethod
    def _of_emitters(cls, value: str) -> str:
        for name, form in _fields(value):
            check_known("path", name, list(IN_PATH))
            if form:
                raise ValueError(f"'{value}' holds a format for {{{name}}}; allowed: {{{name}}} alone")
        return value

    @field_validator("pattern")
    @classmethod
    def _of_pictures(cls, value: str) -> str:
        named = [name for name, _ in _fields(value)]
        for name in named:
            check_known("pattern", name, list(IN_PATTERN))
        if missing := [name for name in IN_PATTERN if name not in named]:
            raise ValueError(f"'{value}' lacks {{{missing[0]}}}, so pictures would share a file")
        try:
            value.format(receiver=0, seed=0)
        except ValueError as error:
            raise ValueError(
                f"'{value}' is no pattern of numbers: {error}; allowed: such as {{receiver:03d}}_{{seed}}.png"
            ) from None
        return value

    @model_validator(mode="after")
    def _fits(self) -> External:
        named = {name for name, _ in _fields(self.path)}
        listed = self.listed
        if not named & {"index", "target"} and (listed is None or len(listed) != 1):
            raise ValueError(
                f"path: '{self.path}' holds neither {{index}} nor {{target}}, so it is one model; allowed then: one of `emitters`"
            )
        if self.targets and "target" not in named:
            raise ValueError(f"targets: `path` is '{self.path}'; allowed: with {{target}} in it")
        indices = sorted(self.targets.values())
        if self.targets and self.emitters and indices != sorted(self.emitters):
            raise ValueError(
                f"targets: of the emitters {indices}, but `emitters` are {self.emitters}; allowed: the same, or one of both alone"
            )
        if len(set(indices)) < len(indices):
            raise ValueError(f"targets: {self.targets} name an emitter twice; allowed: one name for each")
        for target in self.targets:
            if not target.strip() or "/" in target or target in (".", ".."):
                raise ValueError(f"targets: '{target}'; allowed: a part of a file's name")
        if self.kind != "lora" and self.scale != 1.0:
            raise ValueError(f"scale: {self.scale:g} goes with kind: lora, and only with it")
        return self

    @property
    def listed(self) -> list[int] | None:
        """Indices of the emitters that are said to have a model; None: files decide."""
        return sorted(self.emitters or self.targets.values()) or None


def external_contradictions(settings: Sections) -> Iterator[str]:
    """One line for everything about models of others that does not fit the rest of a configuration."""
    for name, entry in settings.external.items():
        tasks = [task for task in settings.tasks if name in settings.methods_of(task)]
        if not tasks:
            yield f"external.{name}: no task runs it; add '{name}' to `methods`, or leave it out (external: {{{name}: null}})"
        for task in tasks:
            of = settings.tasks[task]
            if wrong := [index for index in entry.listed or [] if index not in range(of.emitters_count)]:
                yield f"external.{name}.emitters: {wrong[0]} is no emitter of task '{task}'; allowed: 0 to {of.emitters_count - 1}"
            if of.kind == "cells" and (tuned := set(entry.listed or []) & set(of.tuning_emitters)):
                yield f"external.{name}.emitters: {min(tuned)} is among the tuning emitters of task '{task}', which are never reported"
        if entry.kind == "images" and name in settings.similarity.weights:
            yield f"similarity.weights: '{name}' has pictures alone (kind: images), and weights are compared"
    for task, canvas in settings.unlearncanvas.items():
        where = f"unlearncanvas.{task}"
        for key, part in (("sequence", canvas.sequence), ("pairs", canvas.pairs)):
            if ran := [name for name in (part.methods if part else []) if name in settings.external]:
                yield f"{where}.{key}.methods: '{ran[0]}' cannot be run, others made its models; allowed: methods of Lethe"
        for name in canvas.attack.methods if canvas.attack else []:
            if name in settings.external and settings.external[name].kind == "images":
                yield f"{where}.attack.methods: '{name}' has pictures alone (kind: images), and an attack needs its models"


def _fields(template: str) -> list[tuple[str, str]]:
    """Name and format of each place in braces; a ``ValueError`` for text that is no template."""
    try:
        return [(name, form or "") for _, name, form, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(f"'{template}' is no template: {error}; allowed: text with names in braces") from None
