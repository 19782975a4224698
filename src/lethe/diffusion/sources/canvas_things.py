"""Seed images of the embedded UnlearnCanvas world: six things, photographed before a wall.

Each image draws its own colours, place, size, turn and light, so a thing is told by its shape alone and never by a colour. Parts are at
least three pixels wide: an autoencoder that shrinks an image fourfold keeps nothing smaller.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, shift

from lethe.diffusion.sources.drawing import BACKGROUND, BODY, INK, LIGHT, MARGIN, SCALE, SECOND, SIDE, Pen

MOVE = 2.0  # px per axis, at most
ZOOM = (0.88, 1.08)
TURN = 5.0  # degrees, at most
LIGHTING = 0.14  # share by which light from one side brightens one end of the image and darkens the other
SHADOW = 0.28  # share of light that a thing takes from the wall behind it
MIDDLE = SIDE / 2


def house(pen: Pen) -> None:
    """A gable, a wall, a door and a window."""
    pen.box(20.5, 5, 24.5, 12, SECOND)
    pen.polygon([(2.5, 15.5), (MIDDLE, 3.5), (29.5, 15.5)], SECOND)
    pen.box(6, 14.5, 26, 28.5, BODY)
    pen.box(9, 19.5, 14.5, 28.5, INK)
    pen.box(18, 18, 23.5, 23.5, LIGHT)


def tree(pen: Pen) -> None:
    """A fir: three tiers and a trunk."""
    pen.box(13.2, 23, 18.8, 30, INK)
    for top, bottom, half, role in ((12.5, 25, 12, BODY), (7, 18.5, 9.5, BODY), (1.5, 11.5, 7, BODY)):
        pen.polygon([(MIDDLE, top), (MIDDLE - half, bottom), (MIDDLE + half, bottom)], role)
    for y, half in ((18.3, 5.2), (11.6, 3.4)):
        pen.line([(MIDDLE - half, y), (MIDDLE + half, y)], 1.8, SECOND)


def fish(pen: Pen) -> None:
    """A body, a forked tail, two fins and an eye; it looks left, or right when it is flipped."""
    pen.polygon([(20, 16), (30.5, 7), (27.5, 16), (30.5, 25)], SECOND)
    pen.polygon([(9, 11), (16, 4), (20, 11)], SECOND)
    pen.polygon([(12, 21), (16, 27), (19.5, 20.5)], SECOND)
    pen.ellipse(12.5, 16, 11, 7.2, BODY)
    pen.ellipse(7, 14.2, 2.8, 2.8, LIGHT)
    pen.ellipse(6.6, 14.2, 1.5, 1.5, INK)
    pen.line([(13.2, 11.5), (15, 16), (13.2, 20.5)], 1.8, SECOND)


def flower(pen: Pen) -> None:
    """Six petals around a disc, on a stem with two leaves."""
    pen.line([(MIDDLE, 14), (MIDDLE, 31)], 2.6, INK)
    for side in (-1, 1):
        pen.polygon([(MIDDLE, 28.5), (MIDDLE + side * 5, 22.5), (MIDDLE + side * 10, 23.5), (MIDDLE + side * 5.5, 27.5)], INK)
    for step in range(6):
        angle = math.tau * (step + 0.5) / 6
        pen.ellipse(MIDDLE + 6.3 * math.cos(angle), 10.8 + 6.3 * math.sin(angle), 4.0, 4.0, BODY)
    pen.ellipse(MIDDLE, 10.8, 4.2, 4.2, LIGHT)


def boat(pen: Pen) -> None:
    """A hull, a mast and two sails."""
    pen.line([(15, 3), (15, 23)], 2.0, INK)
    pen.polygon([(17, 3), (17, 19.5), (28.5, 19.5)], LIGHT)
    pen.polygon([(13, 7), (13, 19.5), (4.5, 19.5)], SECOND)
    pen.polygon([(2, 22), (30, 22), (24.5, 29.5), (7.5, 29.5)], BODY)


def mushroom(pen: Pen) -> None:
    """A half disc with three spots on a thick stalk."""
    pen.box(12, 15, 20, 29.5, LIGHT, radius=2.5)
    cap = Pen()
    cap.ellipse(MIDDLE, 17.5, 14, 14, BODY)
    cap.box(-MARGIN, 17.5, SIDE + MARGIN, SIDE + MARGIN, BACKGROUND)
    pen.stamp(cap, Pen(BODY))
    for x, y, radius in ((9, 12.5, 2.3), (16.5, 8.5, 2.6), (23.5, 13, 2.3)):
        pen.ellipse(x, y, radius, radius, SECOND)


THINGS: dict[str, Callable[[Pen], None]] = {
    "house": house,
    "tree": tree,
    "fish": fish,
    "flower": flower,
    "boat": boat,
    "mushroom": mushroom,
}


def photograph(thing: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """One seed image, ``(32, 32, 3)`` in [0, 1]: colours, place, size, flip, turn, light and shadow are drawn from ``rng``."""
    pen = Pen()
    THINGS[thing](pen)
    plan = _moved(pen.plan(), rng)
    covered = plan != BACKGROUND
    direction = rng.uniform(0, math.tau)
    across = np.array([math.sin(direction), math.cos(direction)])  # down, right
    side = SIDE * SCALE
    down, right = np.meshgrid(*[np.linspace(-1, 1, side)] * 2, indexing="ij")
    light = 1 - LIGHTING * (across[0] * down + across[1] * right)
    cast = gaussian_filter(shift(covered.astype(float), 1.6 * SCALE * across, order=1), 1.2 * SCALE)
    light -= SHADOW * cast * ~covered
    picture = _colours(rng)[plan] * light[..., None]
    small = picture.reshape(SIDE, SCALE, SIDE, SCALE, 3).mean((1, 3))
    return np.clip(small, 0, 1)


def _colours(rng: np.random.Generator) -> NDArray[np.float64]:
    """One colour per role, ``(5, 3)`` in [0, 1]; hues are free, lightness tells the roles apart."""
    hue = rng.uniform(size=4)
    hue[2] = (hue[1] + rng.uniform(0.2, 0.8)) % 1
    wall = colorsys.hls_to_rgb(hue[0], rng.uniform(0.70, 0.82), rng.uniform(0.25, 0.6))
    body = colorsys.hls_to_rgb(hue[1], rng.uniform(0.34, 0.46), rng.uniform(0.65, 0.95))
    second = colorsys.hls_to_rgb(hue[2], rng.uniform(0.40, 0.55), rng.uniform(0.6, 0.95))
    ink = colorsys.hls_to_rgb(hue[3], rng.uniform(0.12, 0.2), rng.uniform(0.2, 0.6))
    pale = colorsys.hls_to_rgb(hue[3], 0.95, 0.5)
    return np.array([wall, body, second, ink, pale])


def _moved(plan: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The middle of a plan, ``(SIDE SCALE,) * 2``, moved, turned, scaled and, every other time, flipped."""
    if rng.integers(2):
        plan = plan[:, ::-1]
    move, angle = rng.uniform(-MOVE, MOVE, size=2) * SCALE, math.radians(rng.uniform(-TURN, TURN))
    zoom, side = rng.uniform(*ZOOM), SIDE * SCALE
    cos, sin, middle = math.cos(angle) / zoom, math.sin(angle) / zoom, side / 2
    origin = (SIDE / 2 + MARGIN) * SCALE + move
    affine = (
        cos,
        sin,
        origin[0] - (cos + sin) * middle,
        -sin,
        cos,
        origin[1] + (sin - cos) * middle,
    )  # from the image to the plan
    image = Image.fromarray(np.ascontiguousarray(plan))
    return np.asarray(image.transform((side, side), Image.Transform.AFFINE, affine, Image.Resampling.NEAREST))
