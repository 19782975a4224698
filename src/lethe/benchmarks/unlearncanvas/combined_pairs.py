"""Single cells forgotten without a training: the model of its style and that of its object, put together, beside the model of the cell.

``mean``: the base plus half of either change; ``sum``: plus both changes whole. Both forget more than was asked for, a whole style and a
whole object; by how much is what SC and OC tell. ``direct``: the model that was made to forget the cell.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import Canvas
from lethe.benchmarks.unlearncanvas.pairs import pair_table

DIRECT = "direct"
WEIGHTS = {"mean": 0.5, "sum": 1.0}
"""Arm -> weight of either change."""


class Parts(NamedTuple):
    """A cell, and the indices of the concepts that are its style and its object."""

    cell: int
    style: int
    object: int


def parts_of(canvas: Canvas, cells: Sequence[int], made: Collection[int]) -> list[Parts]:
    """Of those cells whose style and object are both among the concepts ``made``, of which there are models.

    Raises:
        ValueError: of no cell they are.
    """
    styles = {concept.style: concept.index for concept in canvas.concepts if concept.kind == "style" and concept.index in made}
    objects = {concept.object: concept.index for concept in canvas.concepts if concept.kind == "object" and concept.index in made}
    named = [(cell, str(canvas.styles[cell]), str(canvas.objects[cell])) for cell in cells]
    found = [Parts(cell, styles[style], objects[thing]) for cell, style, thing in named if style in styles and thing in objects]
    if not found:
        raise ValueError(
            f"no pair can be put together: it takes models of its style and of its object; there are those of {', '.join(styles) or 'no style'} "
            f"and of {', '.join(objects) or 'no object'}"
        )
    return found


def combined_table(task: str, direct: Sequence[pd.DataFrame], combined: Sequence[pd.DataFrame], canvas: Canvas) -> pd.DataFrame:
    """One row per judge, method, arm and pair, of the pairs that were put together.

    Args:
        direct: answer sets of the models of the cells. combined: answer sets of what was put together, with ``arm``.

    Returns:
        The columns of ``pair_table`` with ``arm`` behind ``method``.
    """
    together = pd.concat(combined, ignore_index=True)
    every = pd.concat(direct, ignore_index=True)
    arms = {DIRECT: every[every["target"].isin(together["target"])]}
    arms |= {arm: together[together["arm"] == arm] for arm in WEIGHTS}
    tables = []
    for arm, answers in arms.items():
        table = pair_table(task, [answers], canvas)
        table.insert(list(table).index("method") + 1, "arm", arm)
        tables.append(table[table["method"].isin(together["method"])])
    return pd.concat(tables, ignore_index=True).sort_values(["judge", "method"], kind="stable", ignore_index=True)
