"""What both forms of the published UnlearnCanvas have in common: cells, numbers, and how a picture is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lethe.diffusion.sources.base import SourceImage, check_entity
from lethe.io.images import decode_image
from lethe.io.tables import CorruptFileError
from lethe.settings.sources import UnlearnCanvasOptions


class PublishedCanvas(ABC):
    """Cells of the published data, one for every theme and object; image k of a style is painted from photo k.

    A form of the data gives ``_encoded``. Options are those of ``UnlearnCanvasOptions``.
    """

    def __init__(self, **options: Any) -> None:
        self.options = UnlearnCanvasOptions(**options)
        self.path = Path(self.options.path)
        self._cells = {f"{theme}_{thing}": (theme, thing) for theme in self.options.themes for thing in self.options.objects}
        if not self.path.is_dir():
            raise FileNotFoundError(f"{self.path} is not a folder; expected that of the published UnlearnCanvas")

    def entities(self) -> list[dict[str, Any]]:
        """One record per cell, theme by theme: ``name``, ``style``, ``object``, ``dataset_n_original`` (training images)."""
        return self.options.cells()

    def images(self, name: str) -> Iterator[SourceImage]:
        """The training images of a cell."""
        return self.split(name, "training")

    def split(self, name: str, split: str) -> Iterator[SourceImage]:
        """The images of a cell that belong to a split, called by their number: ``07.jpg``."""
        check_entity("unlearncanvas", name, list(self._cells))
        return self._pictures(self._cells[name], self.options.numbers()[split])

    def attribute_distance(self, first: str, second: str) -> float:
        """0 for the same cell, 1/2 for the same theme or object, else 1."""
        for name in (first, second):
            check_entity("unlearncanvas", name, list(self._cells))
        return sum(a != b for a, b in zip(self._cells[first], self._cells[second], strict=True)) / 2

    def _pictures(self, cell: tuple[str, str], numbers: Sequence[int]) -> Iterator[SourceImage]:
        for number in numbers:
            where, data = self._encoded(cell, number)
            picture = decode_image(data, where)
            check_size(picture.pixels.shape[1], picture.pixels.shape[0], self.options.shorter, where)
            yield SourceImage(f"{number:02d}.jpg", shortened(picture.pixels, self.options.shorter), picture.notes)

    @abstractmethod
    def _encoded(self, cell: tuple[str, str], number: int) -> tuple[str, bytes | Path]:
        """Where image ``number`` of a cell is, and its encoded bytes or its file."""


def check_size(width: int, height: int, shorter: int, where: str | Path) -> None:
    """Refuse a picture, of pixels, that would have to be enlarged, or that is no picture at all of the published kind."""
    if min(width, height) < shorter:
        raise CorruptFileError(
            f"{where}: {width} x {height} px; expected at least {shorter} on each side (source_options.shorter), as published"
        )


def shortened(pixels: np.ndarray, shorter: int) -> np.ndarray:
    """``(H, W, 3)`` uint8 with its shorter side brought to ``shorter`` pixels (area); its proportions stay."""
    height, width = pixels.shape[:2]
    if min(height, width) == shorter:
        return pixels
    scale = shorter / min(height, width)
    size = (max(shorter, round(width * scale)), max(shorter, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
