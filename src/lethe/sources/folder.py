"""A source that lies in a folder: ``entities.json`` and ``images/{name}/*.jpg``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lethe.io.tables import read_json
from lethe.registry import UnknownNameError, nearest
from lethe.sources.base import SourceImage
from lethe.sources.reading import decode_image, image_files


class ImageFolder:
    """Entities and images that were prepared in a folder.

    Args:
        path: folder with ``entities.json`` (a list of records with ``name`` and attributes) and one folder of images per
            entity below ``images/``.

    Raises:
        FileNotFoundError: naming what is missing and where it was looked for.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        for needed in (self.path / "entities.json", self.path / "images"):
            if not needed.exists():
                raise FileNotFoundError(
                    f"{needed} does not exist; a `folder` source needs entities.json and images/{{name}}/ in {self.path}"
                )

    def entities(self) -> list[dict[str, Any]]:
        """The records of ``entities.json`` with ``dataset_n_original`` counted where it is not given."""
        records: list[dict[str, Any]] = read_json(self.path / "entities.json")
        return [{"dataset_n_original": len(self._files(record["name"])), **record} for record in records]

    def images(self, name: str) -> Iterator[SourceImage]:
        """The images of an entity in the order of their names, as RGB; an unreadable one is a ``CorruptFileError``."""
        return (SourceImage(file.name, decode_image(file, file)) for file in self._files(name))

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two real entities."""
        return math.nan

    def _files(self, name: str) -> list[Path]:
        folder = self.path / "images" / name
        if not folder.is_dir():
            known = sorted(path.name for path in (self.path / "images").iterdir())
            raise UnknownNameError(f"{self.path}: no folder of images for entity '{name}'{nearest(name, known)}")
        return image_files(folder)
