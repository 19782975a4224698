"""The contract of an image source: who the entities of a task are and what they look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lethe.core.registry import UnknownNameError, nearest
from lethe.io.images import decode_image


@dataclass(frozen=True)
class SourceImage:
    """One image of a source.

    Attributes:
        file_name: name inside the entity, stable over runs, e.g. ``"0007.png"``.
        pixels: ``(H, W, 3)`` uint8, RGB.
        notes: what was done to the pixels when they were read from a file, for the log.
    """

    file_name: str
    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


@runtime_checkable
class EntitySource(Protocol):
    """Where the entities of one task, their attributes and their images come from.

    A source is deterministic: the same call gives the same bytes in every process.
    """

    def entities(self) -> list[dict[str, Any]]:
        """Raw records, one per entity: ``name`` (str), ``dataset_n_original`` (int) and the task's attributes."""
        ...

    def images(self, name: str) -> Iterator[SourceImage]:
        """All images of one entity in a fixed order; an unknown name raises ``UnknownNameError``."""
        ...

    def attribute_distance(self, first: str, second: str) -> float:
        """The true distance of two entities in [0, 1] where the source knows it (rendered worlds), else NaN."""
        ...


@runtime_checkable
class SplitSource(EntitySource, Protocol):
    """A source that keeps some images apart from those of training, e.g. for judges (``splits`` of its options names the sets)."""

    def split(self, name: str, split: str) -> Iterator[SourceImage]:
        """All images of an entity that belong to a split, none of which ``images`` gives."""
        ...


def check_entity(source: str, name: str, known: list[str]) -> None:
    """Raise ``UnknownNameError`` unless ``name`` is an entity of the source."""
    if name not in known:
        raise UnknownNameError(f"unknown entity '{name}' of {source}{nearest(name, known)}")


def read_images(files: Sequence[Path]) -> Iterator[SourceImage]:
    """Decoded images, named after their files; see ``lethe.io.images.decode_image`` for errors."""
    for file in files:
        picture = decode_image(file, file)
        yield SourceImage(file.name, picture.pixels, picture.notes)
