"""Invented people: head and shoulders. Nobody real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.sources.drawing import BODY, INK, LIGHT, SECOND, SIDE, SKIN, Pen, RenderedSource, pattern

X, Y = SIDE / 2, 13.0  # px, centre of the face
TALL = 8.0  # px, half its height


def _person(
    name: str,
    occupation: str,
    gender: str,
    birthyear: int,
    hpi: float,
    hair: str,
    glasses: bool,
    beard: bool,
    hat: bool,
) -> dict[str, Any]:
    return {
        "name": name,
        "occupation_simplified": occupation,
        "gender": gender,
        "birthyear": birthyear,
        "hpi": hpi,
        "hair": hair,
        "glasses": glasses,
        "beard": beard,
        "hat": hat,
        "popularity": hpi,
    }


class RenderedPeople(RenderedSource):
    """Twelve people: two in each stratum of occupation x (fame above the median).

    occupation_simplified: the clothes; ``Politician`` a jacket with a tie, ``Athlete`` broad bands, ``Artist`` dots.
    birthyear in [1930, 2000]: the earlier, the wider the face, 20 to 12.5 px. hair: ``short``, ``long``, ``curly``.
    glasses, beard, hat: yes or no. gender (F, M) and hpi (fame, 0 to 100, as Pantheon's index) are not drawn;
    popularity is hpi, see ``drawing.sampling_weight``.
    """

    TASK = "people"
    DRAWN: ClassVar = {
        "occupation_simplified": (0.25, None),
        "hair": (0.2, None),
        "hat": (0.2, None),
        "beard": (0.15, None),
        "glasses": (0.1, None),
        "birthyear": (0.1, (1930, 2000)),
    }
    RECORDS: ClassVar[Sequence[Mapping[str, Any]]] = (
        _person("Bram_Tolliver", "Politician", "M", 1938, 95.0, "short", True, False, False),
        _person("Casper_Wynd", "Politician", "M", 1938, 20.0, "short", True, True, False),
        _person("Ilse_Marrow", "Politician", "F", 1942, 70.0, "long", False, False, False),
        _person("Odile_Farrant", "Politician", "F", 1942, 5.0, "long", True, False, False),
        _person("Tavi_Brook", "Athlete", "M", 1996, 100.0, "short", False, False, False),
        _person("Rook_Hadley", "Athlete", "M", 1996, 35.0, "short", False, True, False),
        _person("Juno_Kestrel", "Athlete", "F", 1990, 65.0, "curly", False, False, False),
        _person("Mira_Solenne", "Athlete", "F", 1990, 0.0, "curly", True, False, False),
        _person("Orla_Vess", "Artist", "F", 1965, 85.0, "long", False, False, True),
        _person("Petra_Lindrow", "Artist", "F", 1965, 40.0, "long", True, False, True),
        _person("Fenn_Azure", "Artist", "M", 1990, 55.0, "curly", False, True, False),
        _person("Nico_Dray", "Artist", "M", 1938, 15.0, "short", True, False, False),
    )

    @classmethod
    def plan(cls, record: Mapping[str, Any]) -> NDArray[np.uint8]:
        """Hair behind, clothes, face, beard, hair in front, glasses, hat."""
        pen = Pen()
        wide = 10.0 - 3.75 * (record["birthyear"] - 1930) / 70
        hair = record["hair"]
        if hair == "long":
            pen.box(X - wide - 3, Y - TALL, X + wide + 3, 26, INK, radius=4)
        elif hair == "curly":
            pen.burst(X, Y - 4, wide + 3, 8.5, 1.8, 12, INK)
        _clothes(pen, record["occupation_simplified"])
        pen.ellipse(X, Y, wide, TALL, SKIN)
        if record["beard"]:
            # The lower part of an ellipse as wide as the face.
            pen.chord(X, Y + 0.5, wide, TALL + 1.5, Y + 2.8, INK)
            pen.box(X - 2.5, Y + 4, X + 2.5, Y + 5.8, SKIN)
        else:
            pen.box(X - 2.5, Y + 3.8, X + 2.5, Y + 5.2, SECOND)
        if hair != "curly":
            fringe = [
                (X - wide, Y - 4.2),
                (X - wide * 0.8, Y - 8),
                (X, Y - 9.8),
                (X + wide * 0.8, Y - 8),
                (X + wide, Y - 4.2),
            ]
            pen.polygon(fringe, INK)
        for x in (X - 3.6, X + 3.6):
            pen.ellipse(x, Y - 1.0, *((3.0, 2.6) if record["glasses"] else (1.0, 1.0)), INK)
        if record["glasses"]:
            pen.box(X - wide, Y - 2.0, X + wide, Y - 0.8, INK)
        if record["hat"]:
            pen.box(X - 13, Y - 7, X + 13, Y - 4, SECOND, radius=1.2)
            pen.box(X - 7.5, Y - 13, X + 7.5, Y - 5, SECOND, radius=2)
            pen.box(X - 7.5, Y - 8.5, X + 7.5, Y - 7, LIGHT)
        return pen.plan()


def _clothes(pen: Pen, occupation: str) -> None:
    stencil = Pen()
    stencil.polygon([(-8, 44), (-8, 27), (4, 23), (10, 20), (22, 20), (28, 23), (40, 27), (40, 44)], BODY)
    if occupation == "Politician":
        pen.stamp(stencil, pattern("plain"))
        pen.polygon([(X - 6, 19), (X + 6, 19), (X, 38)], LIGHT)
        pen.polygon([(X - 2, 20), (X + 2, 20), (X + 1.5, 34), (X - 1.5, 34)], INK)
    else:
        pen.stamp(stencil, pattern("bands" if occupation == "Athlete" else "spots"))
