"""Values that are missing (NaN, None): whoever takes a mean without them says how many they were."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def known(values: ArrayLike) -> tuple[Floats, int]:
    """The values that are there, flat, and how many are missing (NaN or None).

    Examples:
        >>> known([0.5, None, 0.75])
        (array([0.5 , 0.75]), 1)
    """
    numbers = np.asarray(values, dtype=float).ravel()
    missing = np.isnan(numbers)
    return numbers[~missing], int(missing.sum())


def mean(values: ArrayLike) -> float:
    """Mean of the values that are there; NaN where none is.

    Examples:
        >>> mean([0.5, None, 0.75])
        0.625
    """
    found, _ = known(values)
    return float(found.mean()) if len(found) else float("nan")


def told(left_out: int, of: int) -> str:
    """What a sentence about a mean ends with; nothing where no value was left out.

    Examples:
        >>> told(1, 3), told(0, 3)
        ('; 1 of 3 values are missing and left out', '')
    """
    return f"; {left_out} of {of} values are missing and left out" if left_out else ""


def counted(lost: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """The note ``left_out`` of a result, what -> how many; no note where nothing was left out.

    Examples:
        >>> counted({"pairs": 2, "seeds": 0}), counted({"pairs": 0})
        ({'left_out': {'pairs': 2}}, {})
    """
    found = {what: count for what, count in lost.items() if count}
    return {"left_out": found} if found else {}
