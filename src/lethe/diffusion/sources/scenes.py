"""Invented places: a ridge, two tall things before it, a ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.sources.drawing import BODY, INK, LIGHT, MARGIN, SECOND, SIDE, Pen, RenderedSource, pattern

HORIZON = 18.0  # px from the top
LEFT, RIGHT, BOTTOM = -MARGIN, SIDE + MARGIN, SIDE + MARGIN


def _scene(
    name: str, sports: bool, natural: bool, horizon: str, texture: str, openness: float, height: int, popularity: int
) -> dict[str, Any]:
    return {
        "name": name,
        "sports": sports,
        "natural": natural,
        "horizon": horizon,
        "texture": texture,
        "openness": openness,
        "height": height,
        "popularity": popularity,
    }


class RenderedScenes(RenderedSource):
    """Twelve places: three in each stratum of sports x natural.

    sports: a big ball lies in front. natural: the two things are trees, else towers. height in [5, 45] m: theirs, 4 to
    16 px. openness in [0.1, 0.9]: how far apart they stand. horizon: ``flat``, ``peaks``, ``dome``. texture: of the
    ground, ``plain``, ``bands``, ``checks``. popularity in [0, 100]: not drawn, see ``drawing.sampling_weight``.
    """

    TASK = "scenes"
    DRAWN: ClassVar = {
        "sports": (0.15, None),
        "natural": (0.2, None),
        "horizon": (0.15, None),
        "texture": (0.15, None),
        "openness": (0.25, (0.1, 0.9)),
        "height": (0.1, (5, 45)),
    }
    RECORDS: ClassVar[Sequence[Mapping[str, Any]]] = (
        _scene("glass_harbour", False, False, "flat", "bands", 0.9, 40, 100),
        _scene("copper_quay", False, False, "flat", "bands", 0.1, 40, 15),
        _scene("lantern_court", False, False, "dome", "checks", 0.1, 15, 60),
        _scene("willow_moor", False, True, "peaks", "plain", 0.9, 15, 80),
        _scene("hollow_fell", False, True, "peaks", "plain", 0.9, 40, 5),
        _scene("tide_orchard", False, True, "flat", "bands", 0.9, 40, 30),
        _scene("kite_arena", True, False, "dome", "checks", 0.1, 15, 90),
        _scene("granite_stadium", True, False, "dome", "plain", 0.9, 40, 45),
        _scene("foundry_pitch", True, False, "flat", "checks", 0.1, 40, 0),
        _scene("alder_green", True, True, "peaks", "plain", 0.9, 15, 70),
        _scene("summit_track", True, True, "peaks", "bands", 0.1, 15, 20),
        _scene("meadow_links", True, True, "dome", "checks", 0.9, 15, 50),
    )

    @classmethod
    def plan(cls, record: Mapping[str, Any]) -> NDArray[np.uint8]:
        """Sky, ridge, ground, the two things, the ball; from back to front."""
        pen, ground = Pen(), Pen()
        _ridge(pen, record["horizon"])
        ground.box(LEFT, HORIZON, RIGHT, BOTTOM, BODY)
        pen.stamp(ground, pattern(record["texture"], BODY, LIGHT))
        tall = 4 + 12 * (record["height"] - 5) / 40
        apart = 4.0 + 7.5 * record["openness"]
        for x in (SIDE / 2 - apart, SIDE / 2 + apart):
            (_tree if record["natural"] else _tower)(pen, x, tall)
        if record["sports"]:
            pen.ellipse(SIDE / 2, 25.5, 5.5, 5.5, INK)
            pen.ellipse(SIDE / 2, 25.5, 4.0, 4.0, LIGHT)
            pen.ellipse(SIDE / 2, 25.5, 1.8, 1.8, INK)
        return pen.plan()


def _ridge(pen: Pen, kind: str) -> None:
    if kind == "peaks":
        for x in (-8, 8, 24, 40):
            pen.polygon([(x - 8, HORIZON), (x, HORIZON - 11), (x + 8, HORIZON)], SECOND)
    elif kind == "dome":
        pen.ellipse(SIDE / 2, HORIZON, 11, 12, SECOND)


def _tower(pen: Pen, x: float, tall: float) -> None:
    pen.box(x - 3, HORIZON - tall, x + 3, HORIZON + 2, INK)
    for y in np.arange(HORIZON - tall + 1.5, HORIZON - 1, 4.0):
        pen.box(x - 1.2, y, x + 1.2, y + 2, LIGHT)


def _tree(pen: Pen, x: float, tall: float) -> None:
    pen.box(x - 1, HORIZON - tall / 2, x + 1, HORIZON + 2, INK)
    crown = max(tall * 0.36, 2.5)
    pen.ellipse(x, HORIZON - tall + crown, 3.9, crown, INK)
