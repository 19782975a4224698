"""Rows of picture grids: which image of which shard stands where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lethe.benchmarks.icare.figures.quantities import OFF
from lethe.core.records import ImageKey


def picture_rows(
    shown: Sequence[str], columns: Iterable[tuple[str, int, str, float | None]], seeds: Sequence[int]
) -> tuple[dict[str, Any], ...]:
    """One row per picture: ``row`` (``off`` or a method), ``role``, ``label``, ``value``, ``member`` (of the row's shard).

    Args:
        shown: methods from top to bottom, below the base.
        columns: (role, receiver, label, value) from left to right.
        seeds: seed of each column.
    """
    placed = list(zip(columns, seeds, strict=True))
    return tuple(
        {"row": row, "column": place, "role": role, "label": label, "value": value, "member": ImageKey(receiver, seed).file_name}
        for row in (OFF, *shown)
        for place, ((role, receiver, label, value), seed) in enumerate(placed)
    )
