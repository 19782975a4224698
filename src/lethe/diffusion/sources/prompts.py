"""A source of words: concepts as they stand in prompts, with pictures where a folder has some."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from lethe.diffusion.sources.base import SourceImage, check_entity, read_images
from lethe.io.image_folders import entity_folders, images_of

CONCEPT = "concept"


class Prompts:
    """An ``EntitySource`` of concepts that somebody names; each is its own attribute ``concept``.

    Args:
        names: the concepts.
        images: folder with a folder of pictures for some of them, called as they are; empty: none has pictures.

    Raises:
        FileNotFoundError, CorruptFileError: see ``lethe.io.image_folders``.

    >>> Prompts(["a cat"]).entities()
    [{'name': 'a cat', 'concept': 'a cat', 'dataset_n_original': 0}]
    """

    def __init__(self, names: Sequence[str], images: str | Path = "") -> None:
        self.names = list(names)
        self._folder = Path(images) if images else None

    def entities(self) -> list[dict[str, Any]]:
        """One record per concept: ``name``, ``concept`` (the same), ``dataset_n_original`` (its pictures)."""
        return [{"name": name, CONCEPT: name, "dataset_n_original": len(self._files.get(name, []))} for name in self.names]

    def images(self, name: str) -> Iterator[SourceImage]:
        """The pictures of a concept in the order of their names; none where there is no folder."""
        check_entity("prompts", name, self.names)
        return read_images(self._files.get(name, []))

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two concepts."""
        for name in (first, second):
            check_entity("prompts", name, self.names)
        return math.nan

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        if self._folder is None:
            return {}
        folders = entity_folders(self._folder)
        return images_of({name: folder for name, folder in folders.items() if name in self.names})
