"""A bad case in pictures, chosen by rule: what is forgotten, the neighbour that lost most and the one that lost least, before and after.

The emitter and its worst neighbour are the pair with the largest median damage over methods; the spared neighbour is the one of that emitter
whose greatest damage is the smallest. Seeds are the first ones. Nobody chooses a picture.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.harm import BadCase
from lethe.diffusion.methods import LOOKS
from lethe.io.shards import encode_png

SEEDS = 6  # of one strip
COLUMNS = 3  # of its pictures


@dataclass(frozen=True)
class Strip:
    """Pictures of one entity by one model, a seed each.

    Attributes:
        model: ``before``, or a method's title. address: of the pixels, ``data:``. width, height: in pixels.
        known: pictures of all seeds in which the judge sees the entity; None without a judge. seeds: number of all seeds.
    """

    model: str
    address: str
    width: int
    height: int
    known: int | None
    seeds: int


@dataclass(frozen=True)
class Shown:
    """One entity before and after.

    Attributes:
        name: of the entity. role: what it is here. strips: before, then one per method.
    """

    name: str
    role: str
    strips: Sequence[Strip]


@dataclass(frozen=True)
class Case:
    """The bad case of a task: its entities, and the sentence below the pictures."""

    task: str
    shown: Sequence[Shown]
    caption: str

    def record(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Case:
        """The inverse of ``record``."""
        shown = [Shown(**of | {"strips": [Strip(**strip) for strip in of["strips"]]}) for of in record["shown"]]
        return cls(record["task"], shown, record["caption"])


def case(
    task: str,
    pair: BadCase,
    names: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    known: Mapping[tuple[str, int], int],
    picture: Callable[[str, int, int], NDArray[np.uint8]],
) -> Case:
    """What the page shows of a task.

    Args:
        pair: of ``bad_case``. names: of the entities, in index order. methods: from left to right, behind the base.
        seeds: of all pictures. known: of ``recognised``; empty without a judge.
        picture: ``picture(method, receiver, seed)``, uint8 (h, w, 3); the method ``""`` is the base.
    """
    roles = {pair.emitter: "forgotten; should change", pair.receiver: "lost most; should stay"}
    if pair.spared is not None:
        roles[pair.spared] = "lost least; should stay"
    first = list(seeds)[:SEEDS]
    shown = []
    for receiver, role in roles.items():
        strips = []
        for method in ("", *methods):
            sheet = _sheet([picture(method, receiver, seed) for seed in first])
            address = f"data:image/png;base64,{base64.b64encode(encode_png(sheet)).decode()}"
            model = LOOKS.title(method) if method else "before"
            strips.append(Strip(model, address, sheet.shape[1], sheet.shape[0], known.get((method, receiver)), len(seeds)))
        shown.append(Shown(names[receiver], role, strips))
    count = " The count is of pictures in which the judge sees what was asked for, of all seeds." if known else ""
    caption = (
        f"Seeds {first[0]} to {first[-1]}, the first ones, the same in every block. This is a bad case, not a typical one: of all pairs this one "
        f"lost most CLIP score under the median method. {pair.harmed} of {pair.methods} methods harm it beyond what two seeds differ.{count}"
    )
    return Case(task, shown, caption)


def recognised(pairs: pd.DataFrame, emitter: int, seeds: int) -> dict[tuple[str, int], int]:
    """(method, receiver) -> pictures of all seeds in which the judge sees the receiver; the method ``""`` is the base.

    Args:
        pairs: tidy pairs of a task; empty is the answer where no judge is among the metrics.
        emitter: that is forgotten. seeds: number of pictures of each pair.
    """
    rows = pairs[(pairs["emitter"] == emitter) & pairs["metric"].isin(("judge", "judge_diff"))]
    if rows.empty:
        return {}
    rows = rows.astype({"method": str, "metric": str})
    values = rows.pivot(index=["method", "receiver"], columns="metric", values="value").dropna().reset_index()
    found: dict[tuple[str, int], int] = {}
    for method, receiver, on, change in zip(
        *(values[name] for name in ("method", "receiver", "judge", "judge_diff")), strict=True
    ):
        found[method, int(receiver)] = round(seeds * on)
        found["", int(receiver)] = round(seeds * (on - change))
    return found


def _sheet(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures side by side in rows of ``COLUMNS``, a white line of two pixels between them; missing ones are white."""
    height, width = pictures[0].shape[:2]
    lines = -(-len(pictures) // COLUMNS)
    columns = min(COLUMNS, len(pictures))
    sheet = np.full((lines * (height + 2) - 2, columns * (width + 2) - 2, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (place // COLUMNS) * (height + 2), (place % COLUMNS) * (width + 2)
        sheet[top : top + height, left : left + width] = picture
    return sheet
