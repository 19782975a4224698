"""The embedded UnlearnCanvas world: six things, as photographs and in eight styles, paired by construction."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.sources.base import SourceImage, check_entity
from lethe.diffusion.sources.canvas_styles import STYLES, painted
from lethe.diffusion.sources.canvas_things import THINGS, photograph
from lethe.diffusion.sources.drawing import seeded
from lethe.settings.sources import CanvasOptions

PHOTO = "photo"  # the style of the seed images


class RenderedCanvas:
    """An ``EntitySource`` whose entities are cells, one for every style and object: 9 x 6.

    Image k of a cell is painted from seed image k of its object, so images of one number show the same thing in every style.
    The numbers are shared out among splits (``CanvasOptions``), none of which holds a number of another.

    >>> canvas = RenderedCanvas(training=2)
    >>> len(canvas.entities()), canvas.entities()[6]["name"]
    (54, 'cartoon_house')
    >>> [image.file_name for image in canvas.images("photo_fish")]
    ['0000.png', '0001.png']
    >>> [image.file_name for image in canvas.split("photo_fish", "judges")][:2]
    ['0002.png', '0003.png']
    """

    def __init__(self, **options: Any) -> None:
        self.numbers = CanvasOptions(**options).numbers()
        self._names = [entity["name"] for entity in self.entities()]

    def entities(self) -> list[dict[str, Any]]:
        """One record per cell: ``name``, ``style``, ``object``, ``dataset_n_original`` (training images)."""
        count = len(self.numbers["training"])
        return [
            {"name": f"{style}_{thing}", "style": style, "object": thing, "dataset_n_original": count}
            for style in (PHOTO, *STYLES)
            for thing in THINGS
        ]

    def images(self, name: str) -> Iterator[SourceImage]:
        """The training images of a cell, ``(32, 32, 3)``."""
        return self.split(name, "training")

    def split(self, name: str, split: str) -> Iterator[SourceImage]:
        """The images of a cell that belong to a split."""
        check_entity("canvas", name, self._names)
        style, thing = name.split("_")
        return (SourceImage(f"{number:04d}.png", _image(style, thing, number)) for number in self.numbers[split])

    def attribute_distance(self, first: str, second: str) -> float:
        """0 for the same cell, 1/2 for the same style or object, else 1."""
        for name in (first, second):
            check_entity("canvas", name, self._names)
        return sum(a != b for a, b in zip(first.split("_"), second.split("_"), strict=True)) / 2


def _image(style: str, thing: str, number: int) -> NDArray[np.uint8]:
    seed = _seed_image(thing, number)
    picture = seed if style == PHOTO else painted(seed, style)
    return (picture * 255).round().astype(np.uint8)


@lru_cache(maxsize=4096)  # every style is painted from it
def _seed_image(thing: str, number: int) -> NDArray[np.float64]:
    return photograph(thing, seeded("lethe", "canvas", thing, number))
