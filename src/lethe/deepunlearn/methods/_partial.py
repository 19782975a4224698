"""Training in which only some models, or only some weights, take part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.training import SGD


@contextmanager
def only(active: Tensor, stack: Stack, velocity: dict[str, Tensor] | None = None) -> Iterator[None]:
    """Whatever is trained inside, the models with ``active`` (M,) False come out as they went in.

    A learning rate of 0 is not enough for a model that pauses: its momentum and the running statistics of batch normalisation would go on.

    Args:
        velocity: the momentum of the optimiser, in place; empty before its first step.
    """
    rows = (~active).nonzero().squeeze(1).to(stack.device)
    state = [*stack.parameters.values(), *stack.buffers.values(), *(velocity or {}).values()]
    before = [tensor.detach()[rows] for tensor in state] if len(rows) else []
    fresh = velocity is not None and not velocity
    yield
    if not len(rows):
        return
    with torch.no_grad():
        for tensor, kept in zip(state, before, strict=True):
            tensor[rows] = kept
        for tensor in (velocity or {}).values() if fresh else ():
            tensor[rows] = 0.0


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
