"""Edited pictures held against the pictures that were asked for: does a model that edits give the style, and keep the rest?

Rows beside those of the model: ``unedited``, the pictures as they were, and ``truth``, what they were to become. UnlearnCanvas is paired, so
that the truth is known pixel for pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

UNEDITED, TRUTH, ALL = "unedited", "truth", "all"
DIRECTION = "clip_direction"

Pictures = NDArray[np.uint8]


def paired_error(one: Pictures, other: Pictures) -> NDArray[np.float64]:
    """(n,) mean squared difference of pictures ``(n, H, W, 3)``, of values in [0, 1]."""
    difference = one.astype(np.float64) / 255 - other.astype(np.float64) / 255
    return np.asarray((difference**2).mean((1, 2, 3)))


def direction(
    before: NDArray[np.float64], after: NDArray[np.float64], text_before: NDArray[np.float64], text_after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) cosine between the change of pictures and the change of their captions in a space of both (Gal et al. 2022, arXiv 2108.00946).

    All are (n, d) and not zero; each is brought to length one first. A picture that did not change has no direction: NaN.

    >>> one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]])
    >>> direction(one, other, one, other).round(6).tolist(), direction(one, one, one, other).tolist()
    ([1.0], [nan])
    """
    change, wanted = _unit(after) - _unit(before), _unit(text_after) - _unit(text_before)
    length = np.linalg.norm(change, axis=1) * np.linalg.norm(wanted, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0, (change * wanted).sum(1) / length, np.nan)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def edits_table(task: str, styles: Sequence[str], found: Mapping[str, Mapping[str, NDArray[Any]]]) -> pd.DataFrame:
    """One row per method and style, and one over all styles.

    Args:
        styles: (n,) the style that each picture was to get.
        found: method -> measure -> (n,) values, such as whether a judge sees what was asked for.

    Returns:
        ``task, method, style`` (``all``: over all of them), ``pictures``, and the mean of each measure.
    """
    rows = []
    for method, measures in found.items():
        frame = pd.DataFrame({name: np.asarray(values, dtype=np.float64) for name, values in measures.items()})
        for style in (ALL, *dict.fromkeys(styles)):
            chosen = frame if style == ALL else frame[np.asarray(styles) == style]
            rows.append({"task": task, "method": method, "style": style, "pictures": len(chosen), **chosen.mean().to_dict()})
    return pd.DataFrame(rows)
