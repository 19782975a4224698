"""Gradients with the same bits at every run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def differentiate(loss: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Gradient of ``loss``, the same bits at every run.

    On a GPU fused attention adds its gradients in any order unless torch is told to raise for what has no deterministic kernel;
    merely to warn, as ``setup_torch`` asks everywhere else, does not choose the deterministic one.
    """
    if loss.device.type != "cuda":
        return list(torch.autograd.grad(loss, parameters))
    enabled, warn_only = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        return list(torch.autograd.grad(loss, parameters))
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
