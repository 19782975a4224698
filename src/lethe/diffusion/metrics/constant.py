"""Pictures of one colour: what a decoder draws that overflowed, and what a model draws that fell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

CONSTANT = "constant"
"""Column of the scores; stands in every table, whatever metrics are configured."""


def constant_pictures(images: torch.Tensor) -> NDArray[np.float64]:
    """(n, 3, H, W) uint8 -> (n,): 1 where all pixels have one colour, else 0."""
    flat = images.flatten(2)
    return np.asarray((flat.amax(2) == flat.amin(2)).all(1).cpu().numpy(), dtype=np.float64)
