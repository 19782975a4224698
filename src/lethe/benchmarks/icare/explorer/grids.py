"""A matrix of a task in few bytes: values rounded to their noise, each in one byte or two."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING = {1: 255, 2: 65535}  # bytes of a cell -> what stands where there is no value


def grid(values: NDArray[np.float64], decimals: int) -> dict[str, Any]:
    """A matrix as whole steps above its least value.

    A step is the last decimal that is kept. It is wider only where the values would need more than 65,534 steps.

    Args:
        values: (N, N), NaN where there is no value.
        decimals: digits after the point that are kept.

    Returns:
        ``low`` and ``step`` in the unit of the values; ``bytes`` of a cell, 1 or 2; ``cells`` as base64, row by row, little-endian. The
        value of a cell is ``low + step * cell``; 255 or 65535: there is none.

    Example:
        >>> made = grid(np.array([[0.51, 0.2], [np.nan, 0.349]]), 1)
        >>> made["low"], made["step"], made["bytes"], list(base64.b64decode(made["cells"]))
        (0.2, 0.1, 1, [3, 0, 255, 1])
    """
    step = 10.0**-decimals
    known = values[np.isfinite(values)]
    low = round(float(np.floor(known.min() / step) * step), decimals) if known.size else 0.0
    steps = float((known.max() - low) / step) if known.size else 0.0
    if steps > MISSING[2] - 1:
        step *= steps / (MISSING[2] - 1)
    size = 1 if steps <= MISSING[1] - 1 else 2
    cells = np.full(values.shape, MISSING[size], dtype=f"<u{size}")
    there = np.isfinite(values)
    cells[there] = np.rint((values[there] - low) / step).astype(cells.dtype)
    return {"low": low, "step": step, "bytes": size, "cells": base64.b64encode(cells.tobytes()).decode()}
