"""Batches of samples together with what was worked out for each of them beforehand: outputs of a teacher, other labels."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches


def teach(problem: Problem, teacher: Stack, index: Tensor) -> Tensor:
    """Logits (M, n, C) of a teacher, in evaluation mode, for ``index`` (M, n): it never changes, so once is enough."""
    return problem.predict(teacher, index).clone()  # a tensor made under inference_mode cannot be saved for a gradient


def paired(index: Tensor, table: Tensor, batch_size: int, order: torch.Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over ``index`` (M, n) as ``batches`` does it, with the same entries of ``table`` (M, n, ...)."""
    places = torch.arange(index.shape[1], device=index.device).expand(1, -1)
    for (part,) in batches(places, batch_size, order):
        yield index[:, part], table[:, part]
