"""Invented dog breeds, seen from the side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.sources.drawing import BODY, INK, LIGHT, Pen, RenderedSource, pattern

BACK = 15.5  # px from the top, the middle of the body: fixed, so that height changes the legs and nothing else


def _breed(name: str, group: str, grooming: float, ears: str, tail: str, height: int, popularity: int) -> dict[str, Any]:
    return {
        "name": name,
        "group": group,
        "grooming_frequency_value": grooming,
        "ears": ears,
        "tail": tail,
        "height_cm": height,
        "popularity": popularity,
    }


def coat(grooming: float) -> str:
    """The coat that asks for this much grooming: quarters of [0, 1] are smooth, spotted, striped, shaggy."""
    if not 0 <= grooming <= 1:
        raise ValueError(f"grooming_frequency_value is {grooming}; allowed: 0 to 1")
    return ("smooth", "spotted", "striped", "shaggy")[min(int(grooming * 4), 3)]


class RenderedBreeds(RenderedSource):
    """Twelve breeds: three in each stratum of group x (grooming above the median).

    group: ``hound`` (slim, long snout) or ``mastiff`` (heavy, block head). grooming_frequency_value in [0.1, 0.9]: the
    coat, see ``coat``. ears: ``pointed``, ``floppy``, ``round``. tail: ``long``, ``curled``, ``stub``. height_cm in
    [25, 75]: the legs, 1.5 to 9 px. popularity in [0, 100]: not drawn, see ``drawing.sampling_weight``.
    """

    TASK = "breeds"
    DRAWN: ClassVar = {
        "group": (0.3, None),
        "grooming_frequency_value": (0.3, (0.1, 0.9)),
        "ears": (0.15, None),
        "tail": (0.1, None),
        "height_cm": (0.15, (25, 75)),
    }
    RECORDS: ClassVar[Sequence[Mapping[str, Any]]] = (
        _breed("tarvin hound dog", "hound", 0.1, "floppy", "long", 70, 90),
        _breed("lesser tarvin dog", "hound", 0.1, "floppy", "long", 30, 35),
        _breed("ostrel hound dog", "hound", 0.35, "pointed", "curled", 70, 60),
        _breed("ostrel shepherd dog", "hound", 0.65, "pointed", "curled", 70, 100),
        _breed("marrowby setter dog", "hound", 0.9, "floppy", "long", 70, 20),
        _breed("fenwold setter dog", "hound", 0.9, "round", "stub", 30, 10),
        _breed("brackel mastiff dog", "mastiff", 0.1, "floppy", "stub", 70, 75),
        _breed("northern brackel dog", "mastiff", 0.1, "pointed", "stub", 70, 5),
        _breed("dunmere bull dog", "mastiff", 0.35, "round", "stub", 30, 80),
        _breed("dunmere water dog", "mastiff", 0.65, "round", "stub", 30, 45),
        _breed("ulver mountain dog", "mastiff", 0.9, "floppy", "long", 70, 55),
        _breed("ulver terrier dog", "mastiff", 0.65, "pointed", "curled", 30, 0),
    )

    @classmethod
    def plan(cls, record: Mapping[str, Any]) -> NDArray[np.uint8]:
        """A dog that looks to the left; ears and tail in ink, the coat's pattern on head, body and legs."""
        fur = coat(record["grooming_frequency_value"])
        hound, shaggy = record["group"] == "hound", fur == "shaggy"
        half = 3.8 if hound else 5.5  # of the body's height
        y, paws = BACK, BACK + half + 1.5 + 7.5 * (record["height_cm"] - 25) / 50
        head_x, head_y = (7.5, y - 3.5) if hound else (8.5, y - 3.0)
        pen, body = Pen(), Pen()

        _tail(pen, record["tail"], 25.0, y - half + 2)
        for x in (12.0, 23.0):
            body.box(x - 1.7, y, x + 1.7, paws, BODY)
        if shaggy:
            body.burst(17, y, 8.5, half + 0.5, 2.6, 13, BODY)
        elif hound:
            body.ellipse(17.5, y, 9.0, half, BODY)
        else:
            body.box(9, y - half, 26.5, y + half, BODY, radius=2.5)
        if hound:
            body.ellipse(head_x + 1.5, head_y, 4.5, 4.2, BODY)
            body.polygon([(head_x, head_y - 2.5), (head_x, head_y + 4), (0.5, head_y + 3.8), (0.5, head_y + 0.8)], BODY)
        else:
            body.box(head_x - 5.5, head_y - 5.0, head_x + 4.5, head_y + 5.5, BODY, radius=1.5)
        if shaggy:
            body.burst(head_x + 1, head_y, 4.5, 4.5, 2.2, 10, BODY)
        marks = {"smooth": "plain", "spotted": "spots", "striped": "stripes", "shaggy": "zigzags"}[fur]
        pen.stamp(body, pattern(marks, BODY, LIGHT))
        _ears(pen, record["ears"], head_x + 1.5, head_y - 3.5)
        nose = 1.5 if hound else 3.8
        pen.ellipse(nose, head_y + 1.8, 1.4, 1.4, INK)
        return pen.plan()


def _tail(pen: Pen, kind: str, x: float, y: float) -> None:
    if kind == "long":
        pen.line([(x, y), (x + 3.5, y - 4), (x + 4.5, y - 9)], 2.6, INK)
    elif kind == "curled":
        pen.ring(x + 2, y - 3.0, 4.4, 2.2, INK)


def _ears(pen: Pen, kind: str, x: float, y: float) -> None:
    if kind == "pointed":
        pen.polygon([(x - 3.5, y + 2), (x - 0.5, y - 6), (x + 3.0, y + 2)], INK)
    elif kind == "floppy":
        pen.ellipse(x + 1.5, y + 4.0, 2.5, 5.0, INK)
    else:
        pen.ellipse(x + 0.5, y - 0.8, 3.4, 3.4, INK)
