"""Steps of some weights only."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lethe.classifiers.training import SGD


def step_where(optimiser: SGD, mask: Mapping[str, Tensor], losses: Tensor, factor: Tensor | float = 1.0) -> None:
    """``optimiser.step`` that leaves weights with ``mask`` (name -> bool, broadcast to (M, *shape)) False where they are.

    Scaling gradients with the mask would not do: momentum and weight decay move a weight too.
    """
    before = {name: optimiser.stack.parameters[name].detach().clone() for name in mask}
    optimiser.step(losses, factor)
    with torch.no_grad():
        for name, kept in before.items():
            parameter = optimiser.stack.parameters[name]
            parameter.copy_(torch.where(mask[name], parameter, kept))
