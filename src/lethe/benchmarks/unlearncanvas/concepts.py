"""Cells and concepts: what is asked for, and which cells show what a model was made to forget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.testbed.receivers import Emitter, Receiver
from lethe.settings.unlearncanvas import UnlearnCanvas

Kind = Literal["style", "object", "pair"]
ATTRIBUTES = ("style", "object")  # of every cell, in this order
NONE = -1  # the index of no cell


@dataclass(frozen=True)
class Concept:
    """What is forgotten.

    Attributes:
        index: of the emitter.
        name: how a prompt calls it.
        kind: ``style`` or ``object``: all cells with one value; ``pair``: one style of one object.
        style, object: the value that is forgotten; empty where there is none.
        covers: indices of the cells that show it, rising.
        guides: of each of them the index of the cell that takes its place, ``NONE`` where no cell does.
    """

    index: int
    name: str
    kind: Kind
    style: str
    object: str
    covers: tuple[int, ...]
    guides: tuple[int, ...]


class Canvas(NamedTuple):
    """A task as the benchmark sees it.

    Attributes:
        styles: (N,) the style that each cell asks for. objects: (N,) its object.
        concepts: of the emitters, in their order.
        photo: the value of ``styles`` that is no style.
    """

    styles: NDArray[np.str_]
    objects: NDArray[np.str_]
    concepts: list[Concept]
    photo: str

    def covered(self, concept: Concept) -> NDArray[np.bool_]:
        """(N,) whether a cell shows the concept."""
        return np.isin(np.arange(len(self.styles)), concept.covers)

    def values(self, attribute: str) -> NDArray[np.str_]:
        """(N,) what each cell asks for: ``style`` or ``object``."""
        return self.styles if attribute == "style" else self.objects

    def reported(self, tuning: Sequence[int]) -> list[Concept]:
        """The concepts on which no hyper-parameter was chosen."""
        return [concept for concept in self.concepts if concept.index not in tuning]


def other(attribute: str) -> str:
    """The attribute that a concept of this kind leaves alone."""
    return "object" if attribute == "style" else "style"


def canvas_of(receivers: Sequence[Receiver], emitters: Sequence[Emitter], settings: UnlearnCanvas) -> Canvas:
    """Cells and concepts of a task.

    Raises:
        ValueError: no cell is a photo, or an emitter covers neither all cells of a style or an object nor those of a pair.
    """
    styles = np.array([receiver.value(settings.style) for receiver in receivers])
    objects = np.array([receiver.value(settings.object) for receiver in receivers])
    if settings.photo not in styles:
        there = ", ".join(dict.fromkeys(styles.tolist()))
        raise ValueError(f"unlearncanvas: photo: no cell has the style '{settings.photo}'; there are: {there}")
    places = {receiver.prompt: receiver.index for receiver in receivers}
    concepts = []
    for emitter in emitters:
        kind, style, thing = _kind(emitter, styles, objects)
        guides = tuple(places.get(emitter.overwrite[cell], NONE) for cell in emitter.covers)
        concepts.append(Concept(emitter.index, emitter.name, kind, style, thing, emitter.covers, guides))
    return Canvas(styles, objects, concepts, settings.photo)


def _kind(emitter: Emitter, styles: NDArray[np.str_], objects: NDArray[np.str_]) -> tuple[Kind, str, str]:
    style, thing = str(styles[emitter.covers[0]]), str(objects[emitter.covers[0]])
    choices: list[tuple[Kind, str, str, NDArray[np.bool_]]] = [
        ("style", style, "", styles == style),
        ("object", "", thing, objects == thing),
        ("pair", style, thing, (styles == style) & (objects == thing)),
    ]
    for kind, style, thing, shown in choices:
        if np.flatnonzero(shown).tolist() == list(emitter.covers):
            return kind, style, thing
    raise ValueError(
        f"emitter {emitter.index} ('{emitter.name}') covers cells {list(emitter.covers)}; allowed: all of one style, one object or one pair"
    )
