"""Pictures of one colour: what a decoder draws that overflowed, and what a model draws that fell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.metrics.base import MetricDescription

if TYPE_CHECKING:
    import torch

CONSTANT = "constant"
"""Column of the scores; stands in every table, whatever metrics are configured."""
ABOUT = MetricDescription(
    name=CONSTANT,
    kind="image",
    arrow="↓",
    range=(0.0, 1.0),
    label="constant",
    unit="1",
    version="1 if all pixels have one colour",
    source="lethe.diffusion.metrics.constant",
)


def constant_pictures(images: torch.Tensor) -> NDArray[np.float64]:
    """(n, 3, H, W) uint8 -> (n,): 1 where all pixels have one colour, else 0.

    Examples:
        >>> import torch
        >>> pictures = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
        >>> pictures[1, 0, 0, 0] = 9
        >>> constant_pictures(pictures)
        array([1., 0.])
    """
    flat = images.flatten(2)
    return np.asarray((flat.amax(2) == flat.amin(2)).all(1).cpu().numpy(), dtype=np.float64)
