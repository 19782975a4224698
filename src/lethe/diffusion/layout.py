"""How a model's weights lie in memory."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def to_layout(module: M, layout: torch.memory_format) -> M:
    """``module`` itself with its weights in ``layout``: the one argument of ``Module.to`` that torch's own types leave out."""
    module.to(memory_format=layout)  # type: ignore[call-overload]
    return module


def channels_last(module: M) -> M:
    """``module`` itself with its weights in channels-last layout, in which convolutions are faster."""
    return to_layout(module, torch.channels_last)
