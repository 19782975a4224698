"""How alike on and off pictures of a corpus are, by the layout that noise gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from lethe.core.threads import thread_count

Floats = NDArray[np.float64]
SIDE = 16  # pixels of a thumbnail: noise decides where things are, unlearning what they are
Read = Callable[[int, int], NDArray[np.uint8]]
"""(receiver, seed) -> picture."""


def thumbnail(picture: NDArray[np.uint8]) -> Floats:
    """(SIDE * SIDE * 3) means of the areas of a picture (H, W, 3)."""
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX), dtype=float).reshape(-1)


def similarities(on: ArrayLike, off: ArrayLike) -> tuple[Floats, int]:
    """(R, S, S) correlation of on thumbnail s and off thumbnail t of each prompt, without what all seeds of the prompt share.

    Args:
        on, off: (R, S, d) thumbnails.

    Returns:
        The correlations, and how many prompts are left out because pictures of different seeds are equal, so that nothing tells them apart.
    """
    sides = []
    for side in (on, off):
        values = np.asarray(side, dtype=float)
        centred = values - values.mean(axis=1, keepdims=True)
        length = np.linalg.norm(centred, axis=2, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            sides.append(centred / length)
    alike = np.einsum("rsd,rtd->rst", *sides)
    told = np.isfinite(alike).all(axis=(1, 2))
    return alike[told], int((~told).sum())


def thumbnails(read: Read, receivers: Sequence[int], seeds: Sequence[int]) -> Floats:
    """(R, S, d) thumbnails of some receivers; pictures are decoded in threads."""
    places = [(receiver, seed) for receiver in receivers for seed in seeds]
    with ThreadPoolExecutor(thread_count(), "picture") as pool:
        found = list(pool.map(lambda place: thumbnail(read(*place)), places))
    return np.array(found).reshape(len(receivers), len(seeds), -1)


def some_receivers(entities: int, emitter: int, most: int) -> list[int]:
    """At most ``most`` receivers, spread over all but the emitter, whose pictures are meant to change.

    >>> some_receivers(10, 0, 3)
    [1, 5, 9]
    """
    others = [index for index in range(entities) if index != emitter]
    if len(others) <= most:
        return others
    return [others[place] for place in np.linspace(0, len(others) - 1, most).round().astype(int)]
