"""Which weights a method may change: those whose gradient on what is to be forgotten is largest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from lethe.diffusion.methods._dense_training import Student
from lethe.diffusion.methods._training import Rows


def accumulated_gradients(student: Student, batches: Iterable[Rows], micro_batch: int | None) -> dict[str, Tensor]:
    """Name of each trained parameter -> the sum over ``batches`` of its gradient of the mean squared error, with its sign."""
    total = [torch.zeros_like(parameter, requires_grad=False) for parameter in student.parameters]
    for rows in batches:
        gradient, _ = student.towards(rows, micro_batch)
        for kept, value in zip(total, gradient, strict=True):
            kept += value
    return dict(zip(student.names, total, strict=True))


def most_salient(scores: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Bool masks that mark exactly ``round(share * n)`` of all n scores together, the largest; of equal ones the first."""
    flat = torch.cat([score.flatten() for score in scores.values()]).cpu()
    marked = torch.zeros(len(flat), dtype=torch.bool)
    marked[flat.argsort(descending=True, stable=True)[: round(share * len(flat))]] = True
    parts = marked.split([score.numel() for score in scores.values()])
    return {name: part.view(score.shape) for (name, score), part in zip(scores.items(), parts, strict=True)}
