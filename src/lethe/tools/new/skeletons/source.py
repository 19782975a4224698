"""Skeleton title: twelve entities, stripes by width and angle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lethe.diffusion.sources.base import SourceImage, check_entity

WIDTHS = {"fine": 4, "coarse": 8}  # pixels from stripe to stripe
ANGLES = {"level": 0, "gentle": 30, "slanting": 60, "upright": 90, "leaning": 120, "falling": 150}  # degrees
NAMES = [f"{width} {angle}" for width in WIDTHS for angle in ANGLES]
IMAGES, SIDE = 12, 32


class Skeleton:
    """Grey stripes, a little shifted in every picture. The same call gives the same bytes in every process."""

    def entities(self) -> list[dict[str, Any]]:
        """One record per entity: its name, its number of images, and the attributes of a task."""
        return [
            {"name": name, "dataset_n_original": IMAGES, "width": width, "tilt": "low" if ANGLES[angle] < 90 else "high"}
            for name in NAMES
            for width, angle in [name.split()]
        ]

    def images(self, name: str) -> Iterator[SourceImage]:
        """Pictures (32, 32, 3) uint8 of one entity, in a fixed order."""
        check_entity("skeleton", name, NAMES)
        width, angle = name.split()
        row, column = np.mgrid[:SIDE, :SIDE]
        along = row * np.cos(np.radians(ANGLES[angle])) + column * np.sin(np.radians(ANGLES[angle]))
        for number in range(IMAGES):
            shift = np.random.default_rng([NAMES.index(name), number]).uniform(0, WIDTHS[width])
            grey = np.rint(127.5 + 127.5 * np.sin(2 * np.pi * (along + shift) / WIDTHS[width])).astype(np.uint8)
            yield SourceImage(f"{number:04d}.png", np.repeat(grey[:, :, None], 3, axis=2))

    def attribute_distance(self, first: str, second: str) -> float:
        """How far two entities truly are apart, in [0, 1]: share of width and angle that differ. NaN where nobody knows."""
        check_entity("skeleton", first, NAMES)
        check_entity("skeleton", second, NAMES)
        return float(np.mean([a != b for a, b in zip(first.split(), second.split(), strict=True)]))
