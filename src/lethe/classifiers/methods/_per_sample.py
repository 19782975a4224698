"""Gradients of single samples."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem

NUMBERS = 2**20  # in the gradients that are worked out at once


def copies(problem: Problem, model: int, index: Tensor) -> Iterator[tuple[Tensor, dict[str, Tensor], Tensor]]:
    """Samples ``index`` (n,), a few at a time and each with a copy of one original model, so that every sample gets its own gradient.

    Yields:
        part: (b,) of ``index``. parameters: name -> (b, *shape), requiring gradients. logits: (b, C), evaluation mode.
    """
    one = problem.original.select([model])
    for part in index.split(max(1, NUMBERS // sum(parameter.numel() for parameter in one.parameters.values()))):
        many = Stack(
            {name: tensor.repeat_interleave(len(part), 0).requires_grad_(True) for name, tensor in one.parameters.items()},
            {name: tensor.repeat_interleave(len(part), 0) for name, tensor in one.buffers.items()},
        )
        yield part, many.parameters, problem.logits(many, part[:, None])[:, 0]


def rows(problem: Problem, model: int, index: Tensor) -> Iterator[Tensor]:
    """d CE / d theta of the samples ``index`` (n,), a few at a time: (b, P), the parameters of the model in one row."""
    for part, parameters, logits in copies(problem, model, index):
        losses = torch.nn.functional.cross_entropy(logits, problem.labels[part], reduction="sum")
        yield torch.cat([gradient.flatten(1) for gradient in torch.autograd.grad(losses, list(parameters.values()))], 1)
