"""Styles of the embedded UnlearnCanvas world: operators on a seed image, so that images of all styles are paired.

Two rules keep a style from being told by anything but its texture and its lines. After an operator the mean of each channel is set back to
that of the seed image (``match_means``). And every texture has the same phase on a grid of four pixels, which an autoencoder that shrinks
an image fourfold can hold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, grey_dilation, maximum_filter, median_filter, minimum_filter, sobel

Picture = NDArray[np.float64]
"""``(side, side, 3)`` in [0, 1]."""

CELL = 4  # px of the grid


def cartoon(seed: Picture) -> Picture:
    """Few flat, strong colours and thick black outlines."""
    flat = median_filter(seed, size=(3, 3, 1))
    light = _luminance(flat)[..., None]
    levels = np.round(light * 3) / 3
    bright = _saturated(np.clip(flat + 0.6 * (levels - light), 0, 1), 1.7)
    outline = _contour(flat) > 0.2
    return np.where(outline[..., None], 0.03, bright)


def mosaic(seed: Picture) -> Picture:
    """Square tiles of four pixels with dark joints and a light upper edge."""
    tiles = _tiles(seed)
    mixed = 0.45 * tiles + 0.55 * _saturated(seed, 1.3)
    row, column = _grid(seed)
    joint, upper = (row % CELL == 0) | (column % CELL == 0), (row % CELL == 1) | (column % CELL == 1)
    mixed = np.where(upper[..., None], mixed + 0.22 * (1 - mixed), mixed)
    return np.where(joint[..., None], 0.25 * mixed, mixed)


def halftone(seed: Picture) -> Picture:
    """A screen of round dots, larger where the image is darker."""
    row, column = _grid(seed)
    distance = np.hypot(row % CELL - 1.5, column % CELL - 1.5)
    dark = 1 - _luminance(seed)
    radius = 0.35 + 2.1 * np.clip(dark * 1.15, 0, 1)
    ink = np.clip(radius - distance + 0.5, 0, 1)[..., None]
    paper, dots = 0.35 * seed + 0.65, _saturated(seed, 1.4) * 0.45
    return paper * (1 - ink) + dots * ink


def hatching(seed: Picture) -> Picture:
    """Pale diagonal strokes; dark ones, crossed, where the image is dark."""
    row, column = _grid(seed)
    light = _luminance(seed)
    one, other = (row + column) % CELL < 1.5, (row - column) % CELL < 1.5
    paper = 0.5 * _saturated(seed, 1.2) + 0.5
    pale = np.where((one & (light < 0.9))[..., None], 0.62 * seed, paper)
    dark = np.where((one | other)[..., None], 0.1 * seed, 0.75 * _saturated(seed, 1.3) + 0.25)
    return np.where((light < 0.55)[..., None], dark, pale)


def engraving(seed: Picture) -> Picture:
    """Level lines, thicker and blacker where the image is darker."""
    row, _ = _grid(seed)
    dark = np.clip((0.85 - _luminance(seed)) * 1.6, 0, 1)
    ink = np.clip(0.9 + 2.2 * dark - 2 * np.abs(row % CELL - 1.5) + 0.5, 0, 1)[..., None]
    line = (0.7 - 0.62 * dark)[..., None] * _saturated(seed, 1.3)
    return (0.5 * seed + 0.5) * (1 - ink) + line * ink


def emboss(seed: Picture) -> Picture:
    """A relief lit from the upper left."""
    light = gaussian_filter(_luminance(seed), 0.5)
    relief = np.zeros_like(light)
    relief[1:-1, 1:-1] = light[:-2, :-2] - light[2:, 2:]
    wall = np.median(seed, axis=(0, 1))
    return np.clip(0.45 * seed + 0.25 * wall + 0.15 + 1.35 * relief[..., None], 0, 1)


def neon(seed: Picture) -> Picture:
    """Glowing outlines before the dark."""
    edge = np.stack([maximum_filter(c, 3) - minimum_filter(c, 3) for c in np.moveaxis(seed, -1, 0)], axis=-1)
    strength = np.clip(edge.max(-1, keepdims=True) * 2.2 - 0.25, 0, 1)
    tint = _saturated(grey_dilation(seed, size=(3, 3, 1)), 2.2)
    glow = gaussian_filter(strength, (1.2, 1.2, 0))
    return np.clip(0.10 + 0.30 * seed + strength * (0.55 * tint + 0.45) + 0.3 * glow * tint, 0, 1)


def weave(seed: Picture) -> Picture:
    """A basket of bands that go over and under each other, two pixels wide and four long."""
    row, column = _grid(seed)
    level = (row // 2 + column // 2) % 2 == 0
    along, across = np.where(level, column % 2, row % 2), np.where(level, row % 2, column % 2)
    shade = np.where(level, 1.25, 0.62) - 0.22 * across + 0.08 * along
    return np.clip(_saturated(seed, 1.3) * shade[..., None], 0, 1)


STYLES: dict[str, Callable[[Picture], Picture]] = {
    "cartoon": cartoon,
    "mosaic": mosaic,
    "halftone": halftone,
    "hatching": hatching,
    "engraving": engraving,
    "emboss": emboss,
    "neon": neon,
    "weave": weave,
}


def painted(seed: Picture, style: str) -> Picture:
    """A seed image in a style, with the seed's mean of each channel."""
    return match_means(STYLES[style](seed), seed)


def match_means(picture: Picture, seed: Picture) -> Picture:
    """``picture`` with the channel means of ``seed``: shifted, clipped to [0, 1], and shifted again by what clipping took."""
    wanted = seed.mean((0, 1))
    for _ in range(8):
        picture = np.clip(picture + wanted - picture.mean((0, 1)), 0, 1)
    return picture


def _grid(picture: Picture) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of every pixel."""
    grid = np.indices(picture.shape[:2])
    return grid[0], grid[1]


def _luminance(picture: Picture) -> NDArray[np.float64]:
    """Of ITU-R BT.601."""
    return picture @ np.array([0.299, 0.587, 0.114])


def _saturated(picture: Picture, by: float) -> Picture:
    """Colours ``by`` times as far from grey."""
    grey = _luminance(picture)[..., None]
    return np.clip(grey + by * (picture - grey), 0, 1)


def _contour(picture: Picture) -> NDArray[np.float64]:
    """Largest slope of a channel, per pixel."""
    slopes = [np.hypot(sobel(channel, 0), sobel(channel, 1)) / 8 for channel in np.moveaxis(picture, -1, 0)]
    return np.max(slopes, axis=0)


def _tiles(picture: Picture) -> Picture:
    """The mean colour of each cell of the grid, in its place."""
    side = len(picture)
    means = picture.reshape(side // CELL, CELL, side // CELL, CELL, 3).mean((1, 3))
    return means.repeat(CELL, 0).repeat(CELL, 1)
