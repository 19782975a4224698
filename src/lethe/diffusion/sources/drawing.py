"""What the rendered worlds share: pens, coats, colours, jitter, the true distance.

An entity is drawn once, as a *plan*: a map of roles (background, body, ink, ...) at four times the final resolution.
Each image of the entity then gives the roles random colours and moves the plan a little. So shape and texture belong
to the entity, and colour and position only to the image: no entity can be told by its colour.
"""

from __future__ import annotations

import colorsys
import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.sources.base import SourceImage

SIDE = 32  # px of a finished image
SCALE = 4  # supersampling of the plan
MARGIN = 8  # px drawn beyond the frame on each side, so that jitter never shows an unpainted corner

# Roles of a plan. Luminance is ordered INK < BODY, SECOND < BACKGROUND < LIGHT, so parts keep their contrast.
BACKGROUND, BODY, SECOND, INK, LIGHT, SKIN = range(6)

# One palette for all entities of all tasks: mid-dark, so it stands out from pastel backgrounds and from LIGHT.
PALETTE = (
    (190, 45, 45),
    (35, 75, 185),
    (30, 125, 60),
    (130, 50, 150),
    (170, 90, 20),
    (20, 120, 135),
    (110, 70, 50),
    (80, 85, 100),
)
INKS = ((20, 20, 28), (45, 18, 18), (15, 30, 55), (18, 42, 25))
SKINS = ((245, 208, 176), (230, 185, 145), (214, 165, 125), (196, 145, 105))

Point = tuple[float, float]


class Pen:
    """Draws on a plan in px of the finished image; (0, 0) is its upper left corner, shapes may leave the frame."""

    def __init__(self, role: int = BACKGROUND) -> None:
        side = (SIDE + 2 * MARGIN) * SCALE
        self.image = Image.new("L", (side, side), role)
        self._draw = ImageDraw.Draw(self.image)

    @staticmethod
    def _px(*values: float) -> list[float]:
        return [(value + MARGIN) * SCALE for value in values]

    def ellipse(self, x: float, y: float, rx: float, ry: float, role: int) -> None:
        """Filled ellipse around (x, y) with half axes ``rx``, ``ry``."""
        self._draw.ellipse(self._px(x - rx, y - ry, x + rx, y + ry), fill=role)

    def chord(self, x: float, y: float, rx: float, ry: float, top: float, role: int) -> None:
        """The part of an ellipse below the height ``top``."""
        angle = math.degrees(math.asin((top - y) / ry))
        self._draw.chord(self._px(x - rx, y - ry, x + rx, y + ry), angle, 180 - angle, fill=role)

    def box(self, x0: float, y0: float, x1: float, y1: float, role: int, radius: float = 0.0) -> None:
        """Filled rectangle with optionally rounded corners."""
        self._draw.rounded_rectangle(self._px(x0, y0, x1, y1), radius * SCALE, fill=role)

    def polygon(self, points: Sequence[Point], role: int) -> None:
        """Filled polygon."""
        self._draw.polygon([tuple(self._px(*point)) for point in points], fill=role)

    def line(self, points: Sequence[Point], width: float, role: int) -> None:
        """Open line of ``width`` px with round ends."""
        self._draw.line([tuple(self._px(*point)) for point in points], fill=role, width=round(width * SCALE), joint="curve")
        for x, y in (points[0], points[-1]):
            self.ellipse(x, y, width / 2, width / 2, role)

    def ring(self, x: float, y: float, radius: float, width: float, role: int) -> None:
        """Circle line; ``radius`` is the outer one."""
        self._draw.ellipse(self._px(x - radius, y - radius, x + radius, y + radius), outline=role, width=round(width * SCALE))

    def burst(self, x: float, y: float, rx: float, ry: float, spike: float, spikes: int, role: int) -> None:
        """Ellipse with a jagged edge: ``spikes`` points that stand out by ``spike`` px."""
        points = []
        for step in range(2 * spikes):
            angle, out = math.pi * step / spikes, spike if step % 2 == 0 else -spike / 3
            points.append((x + (rx + out) * math.cos(angle), y + (ry + out) * math.sin(angle)))
        self.polygon(points, role)

    def stamp(self, stencil: Pen, pattern: Pen) -> None:
        """Copy ``pattern`` to where ``stencil`` is not BACKGROUND."""
        self.image.paste(pattern.image, mask=stencil.image.point(lambda role: 255 if role else 0))

    def plan(self) -> NDArray[np.uint8]:
        """The roles drawn, ``((SIDE + 2 MARGIN) SCALE,) * 2`` uint8."""
        return np.asarray(self.image)


def pattern(kind: str, base: int = BODY, mark: int = LIGHT) -> Pen:
    """A whole plan of one pattern; every feature is at least 2 px wide, so it survives 32 px and a 4x autoencoder."""
    pen, low, high = Pen(base), -MARGIN, SIDE + MARGIN
    if kind == "plain":
        return pen
    if kind == "spots":
        for row, y in enumerate(np.arange(low, high, 5.0)):
            for x in np.arange(low, high, 6.0) + 3.0 * (row % 2):
                pen.ellipse(x, y, 1.7, 1.7, mark)
    elif kind == "stripes":
        for x in np.arange(low, high, 5.0):
            pen.box(x, low, x + 2.2, high, mark)
    elif kind == "bands":
        for y in np.arange(low, high, 5.0):
            pen.box(low, y, high, y + 2.2, mark)
    elif kind == "zigzags":
        for y in np.arange(low, high, 5.0):
            teeth = [(x, y + 2.5 * (step % 2)) for step, x in enumerate(np.arange(low, high + 1, 3.0))]
            pen.line(teeth, 2.0, mark)
    elif kind == "checks":
        for row, y in enumerate(np.arange(low, high, 4.0)):
            for x in np.arange(low, high, 8.0) + 4.0 * (row % 2):
                pen.box(x, y, x + 4, y + 4, mark)
    else:
        allowed = ["plain", "spots", "stripes", "bands", "zigzags", "checks"]
        raise UnknownNameError(f"unknown pattern '{kind}'; known: {', '.join(allowed)}{nearest(kind, allowed)}")
    return pen


def seeded(*parts: object) -> np.random.Generator:
    """A generator that depends on the words given and on nothing else (Python's ``hash`` changes per process)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def colours(rng: np.random.Generator) -> NDArray[np.uint8]:
    """One colour per role, ``(6, 3)`` uint8."""
    pastel = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.05, 0.35), rng.uniform(0.72, 0.92))
    body, second = rng.choice(len(PALETTE), size=2, replace=False)
    rows = [
        tuple(255 * channel for channel in pastel),
        PALETTE[body],
        PALETTE[second],
        INKS[rng.integers(len(INKS))],
        (252, 252, 250),
        SKINS[rng.integers(len(SKINS))],
    ]
    return np.asarray(rows).round().astype(np.uint8)


def render(plan: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Colour and jitter a plan into a picture ``(SIDE, SIDE, 3)`` uint8.

    Shift up to 1.5 px per axis, scale up to 7 %, rotation up to 5 degrees.
    """
    table = colours(rng)
    shift = rng.uniform(-1.5, 1.5, size=2) * SCALE
    zoom, angle = rng.uniform(0.93, 1.07), math.radians(rng.uniform(-5, 5))
    cos, sin, side, middle = math.cos(angle) / zoom, math.sin(angle) / zoom, SIDE * SCALE, SIDE * SCALE / 2
    origin = (SIDE / 2 + MARGIN) * SCALE + shift
    # PIL's affine map leads from the finished frame back to the plan.
    affine = (
        *(cos, sin, origin[0] - cos * middle - sin * middle),
        *(-sin, cos, origin[1] + sin * middle - cos * middle),
    )
    moved = Image.fromarray(plan).transform((side, side), Image.Transform.AFFINE, affine, Image.Resampling.NEAREST)
    return np.asarray(Image.fromarray(table[np.asarray(moved)]).reduce(SCALE))


def sampling_weight(popularity: float) -> float:
    """Weight of an entity in base training: ``1 + popularity / 50``, so 3 : 1 at most, as popularity is in [0, 100]."""
    if not 0 <= popularity <= 100:
        raise ValueError(f"popularity is {popularity}; allowed: 0 to 100")
    return 1 + popularity / 50


class RenderedSource(ABC):
    """An ``EntitySource`` whose entities are points in an attribute space.

    A subclass lists its entities in ``RECORDS`` and its drawn attributes in ``DRAWN``: name -> (weight, range), where
    range is ``(low, high)`` of a numeric attribute and None of a categorical one. Weights sum to 1 and say roughly how
    much of the picture an attribute decides.
    """

    TASK: ClassVar[str]
    RECORDS: ClassVar[Sequence[Mapping[str, Any]]]
    DRAWN: ClassVar[Mapping[str, tuple[float, tuple[float, float] | None]]]

    def __init__(self, images_per_entity: int = 240) -> None:
        if images_per_entity < 1:
            raise ValueError(f"images_per_entity is {images_per_entity}; allowed: 1 and more")
        self.images_per_entity = images_per_entity

    @classmethod
    @abstractmethod
    def plan(cls, record: Mapping[str, Any]) -> NDArray[np.uint8]:
        """Draw an entity from its ``DRAWN`` attributes and from nothing else."""

    def entities(self) -> list[dict[str, Any]]:
        """Records in a fixed order; ``dataset_n_original`` is the number of images rendered."""
        return [{**record, "dataset_n_original": self.images_per_entity} for record in self.RECORDS]

    def images(self, name: str) -> Iterator[SourceImage]:
        """``images_per_entity`` pictures ``(32, 32, 3)``; picture i is the same however many are asked for."""
        return self._pictures(name, range(self.images_per_entity))

    def unseen(self, name: str, count: int) -> Iterator[SourceImage]:
        """``count`` pictures beyond ``images``, from the same distribution: what no model was trained on."""
        return self._pictures(name, range(self.images_per_entity, self.images_per_entity + count))

    def _pictures(self, name: str, numbers: range) -> Iterator[SourceImage]:
        plan = self.plan(self._record(name))
        return (SourceImage(f"{number:04d}.png", render(plan, seeded("lethe", self.TASK, name, number))) for number in numbers)

    def attribute_distance(self, first: str, second: str) -> float:
        """Weighted Gower distance over the drawn attributes (Gower 1971): 0 same picture, 1 differs in everything.

        A categorical attribute adds its weight when it differs, a numeric one its weight times difference / range.
        """
        one, two = self._record(first), self._record(second)
        total = 0.0
        for attribute, (weight, span) in self.DRAWN.items():
            if span is None:
                total += weight * (one[attribute] != two[attribute])
            else:
                total += weight * abs(one[attribute] - two[attribute]) / (span[1] - span[0])
        return total

    def _record(self, name: str) -> Mapping[str, Any]:
        for record in self.RECORDS:
            if record["name"] == name:
                return record
        names = [record["name"] for record in self.RECORDS]
        raise UnknownNameError(f"unknown entity '{name}' of {self.TASK}; known: {', '.join(names)}{nearest(name, names)}")
