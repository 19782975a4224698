"""Single cells that are forgotten, one style of one object: which, and what each costs.

Three definitions of UA, which differ much for a method that loses the style and keeps the object: neither of the two is seen (the
published one), not both are seen, what takes their place is seen. SC is the style accuracy of other objects in the target's style, OC the
object accuracy of the target's object in other styles, UP the mean of both accuracies on all cells that share neither. UP alone is blind:
it is high for a method that loses a whole style.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import judges_of
from lethe.benchmarks.unlearncanvas.concepts import Canvas
from lethe.core.registry import nearest
from lethe.diffusion.testbed.receivers import Emitter, Receiver

Cells = Literal["diagonal"] | Sequence[Sequence[str]]
QUANTITIES = ("ua_neither", "ua_not_both", "ua_counterpart", "sc", "oc", "up")


def pairs_of(canvas: Canvas, cells: Cells) -> list[int]:
    """Indices of the cells that are forgotten.

    Args:
        cells: [style, object] each, or ``diagonal``: style i with object i mod (number of objects), the photo left out.

    Raises:
        ValueError: there is no such cell.
    """
    styles, objects = (list(dict.fromkeys(values.tolist())) for values in (canvas.styles, canvas.objects))
    if cells == "diagonal":
        cells = [(style, objects[i % len(objects)]) for i, style in enumerate(styles) if style != canvas.photo]
    return [_cell(canvas, style, thing) for style, thing in cells]


def _cell(canvas: Canvas, style: str, thing: str) -> int:
    for value, there in ((style, canvas.styles), (thing, canvas.objects)):
        if value not in there:
            known = list(dict.fromkeys(there.tolist()))
            raise ValueError(
                f"pair [{style}, {thing}]: no cell has '{value}'; there are: {', '.join(known)}{nearest(value, known)}"
            )
    found = np.flatnonzero((canvas.styles == style) & (canvas.objects == thing))
    if not len(found):
        raise ValueError(f"pair [{style}, {thing}]: there is no such cell")
    return int(found[0])


def counterpart(canvas: Canvas, cell: int) -> int:
    """The cell that takes the place of one: the next object as a photo."""
    objects = list(dict.fromkeys(canvas.objects.tolist()))
    following = objects[(objects.index(str(canvas.objects[cell])) + 1) % len(objects)]
    return _cell(canvas, canvas.photo, following)


def emitters_of(canvas: Canvas, receivers: Sequence[Receiver], cells: Sequence[int], emitters: int) -> list[Emitter]:
    """One emitter per cell, with an index above the ``emitters`` of the task: its random numbers are no other's."""
    return [
        Emitter(
            emitters + cell,
            f"{canvas.styles[cell]} {canvas.objects[cell]}",
            (cell,),
            (receivers[cell].prompt,),
            {cell: receivers[counterpart(canvas, cell)].prompt},
        )
        for cell in cells
    ]


def pair_table(task: str, answers: Sequence[pd.DataFrame], canvas: Canvas) -> pd.DataFrame:
    """One row per judge, method and pair.

    Args:
        answers: answer sets with ``target`` (the cell that is forgotten) and ``seconds``.

    Returns:
        ``task, judge, method, style, object, ua_neither, ua_not_both, ua_counterpart, sc, oc, up, target_images, seconds``.
    """
    rows = []
    for table in answers:
        for judge in judges_of(table):
            for (method, _), images in table.groupby(["method", "target"], sort=False):
                target = int(images["target"].iloc[0])
                row: dict[str, Any] = {"task": task, "judge": judge, "method": method, "style": canvas.styles[target]}
                row |= {"object": canvas.objects[target], **_measured(images, canvas, target, judge)}
                rows.append(row | {"seconds": images["seconds"].iloc[0]})
    return pd.DataFrame(rows).sort_values("judge", kind="stable", ignore_index=True)


def _measured(images: pd.DataFrame, canvas: Canvas, target: int, judge: int) -> dict[str, float]:
    cells = images["cell"].to_numpy()
    seen = {attribute: images[f"{attribute}_pred_{judge}"].to_numpy() for attribute in ("style", "object")}
    style, thing = seen["style"] == canvas.styles[cells], seen["object"] == canvas.objects[cells]
    own = cells == target
    same_style, same_object = canvas.styles[cells] == canvas.styles[target], canvas.objects[cells] == canvas.objects[target]
    photo = canvas.styles[cells] == canvas.photo
    guide = counterpart(canvas, target)
    guided = (seen["style"] == canvas.styles[guide]) & (seen["object"] == canvas.objects[guide])
    unrelated = ~same_style & ~same_object & ~photo
    return {
        "ua_neither": (~style & ~thing)[own].mean(),
        "ua_not_both": (~(style & thing))[own].mean(),
        "ua_counterpart": guided[own].mean(),
        "sc": style[same_style & ~own].mean(),
        "oc": thing[same_object & ~own & ~photo].mean(),
        "up": (style[unrelated].mean() + thing[unrelated].mean()) / 2,
        "target_images": int(own.sum()),
    }
