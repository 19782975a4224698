"""The nearest point of the probability simplex."""

from __future__ import annotations

import torch
from torch import Tensor


def to_simplex(points: Tensor) -> Tensor:
    """The nearest point with entries of at least 0 that add up to 1, along the last dimension.

    It is ``max(x - shift, 0)``, with the one shift that makes the sum 1.

    Args:
        points: (..., n) of floating point numbers.

    Source: Held, Wolfe and Crowder 1974; Duchi et al. 2008, figure 1.

    >>> to_simplex(torch.tensor([0.5, 1.5, -3.0]))
    tensor([0., 1., 0.])
    """
    falling = points.sort(dim=-1, descending=True).values
    ranks = torch.arange(1, points.shape[-1] + 1, device=points.device, dtype=points.dtype)
    shifts = (falling.cumsum(dim=-1) - 1) / ranks  # if the first 1, 2, ... entries stay above 0
    above = (falling > shifts).sum(dim=-1, keepdim=True)
    return (points - shifts.gather(-1, above - 1)).clamp(min=0)
