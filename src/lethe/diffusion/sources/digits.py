"""The real handwritten digits that ship inside scikit-learn, as ten entities."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.sources.base import SourceImage

SIDE = 32

# name, closed loops, pen strokes, curvature; as most of these writers write the digit (their sevens are crossed).
_SHAPES = (
    ("zero", 1, 1, "curved"),
    ("one", 0, 1, "straight"),
    ("two", 0, 1, "mixed"),
    ("three", 0, 1, "curved"),
    ("four", 0, 2, "straight"),
    ("five", 0, 2, "mixed"),
    ("six", 1, 1, "curved"),
    ("seven", 0, 2, "straight"),
    ("eight", 2, 1, "curved"),
    ("nine", 1, 1, "mixed"),
)
NAMES = [shape[0] for shape in _SHAPES]


def popularity(value: int) -> float:
    """Fame of a digit in [0, 100], from Benford's law of leading digits, P(d) = log10(1 + 1/d).

    Zero never leads, so it takes the next term, d = 10. The law spans 7 : 1; mapped to [0, 100], and from there to the
    weight 1 + popularity / 50 of base training, it spans 3 : 1, so that rare digits are still learned.
    """
    law = [math.log10(1 + 1 / (d or 10)) for d in range(10)]
    return round(100 * (law[value] - min(law)) / (max(law) - min(law)), 1)


def upscale(grey: NDArray[np.floating]) -> NDArray[np.uint8]:
    """``(8, 8)`` values 0..16 to ``(32, 32, 3)`` uint8: one cell of margin, then bicubic; white ink on black."""
    small = Image.fromarray(np.pad(np.rint(grey * (255 / 16)).astype(np.uint8), 1))
    large = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.repeat(large[:, :, None], 3, axis=2)


class Digits:
    """``sklearn.datasets.load_digits``: 1,797 real digits, 174 to 183 of each (the test part of UCI's optdigits)."""

    def entities(self) -> list[dict[str, Any]]:
        """Ten records in the order of value; ``dataset_n_original`` is the number of real images."""
        return [
            {
                "name": name,
                "dataset_n_original": len(self._rows[value]),
                "value": value,
                "parity": "odd" if value % 2 else "even",
                "loops": loops,
                "strokes": strokes,
                "curvature": curvature,
                "popularity": popularity(value),
            }
            for value, (name, loops, strokes, curvature) in enumerate(_SHAPES)
        ]

    def images(self, name: str) -> Iterator[SourceImage]:
        """Pictures ``(32, 32, 3)`` of one digit; the file name is the row in scikit-learn's table."""
        pictures, rows = self._data.images, self._rows[self._value(name)]
        return (SourceImage(f"{row:04d}.png", upscale(pictures[row])) for row in rows)

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two real digits."""
        self._value(first), self._value(second)
        return math.nan

    @cached_property
    def _data(self) -> Any:
        return load_digits()

    @cached_property
    def _rows(self) -> list[NDArray[np.intp]]:
        return [np.flatnonzero(self._data.target == value) for value in range(10)]

    @staticmethod
    def _value(name: str) -> int:
        if name not in NAMES:
            raise UnknownNameError(f"unknown entity '{name}' of digits; known: {', '.join(NAMES)}{nearest(name, NAMES)}")
        return NAMES.index(name)
