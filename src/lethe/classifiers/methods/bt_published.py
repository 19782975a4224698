"""BT as published: the incompetent teacher is always a ResNet-18."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.classifiers.methods.bt import BadTeacher
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription

CHANNELS = 3


class BadTeacherPublished(BadTeacher):
    """``bt`` with a randomly initialised ResNet-18 as p^rand for every architecture, and the KL divided by the number of classes C.

    Adam does not see the factor 1/C, but weight decay weighs C times more against the loss. Grey images are repeated in three channels.
    """

    about = MethodDescription(
        title="BT (published)", paper="code published with arXiv 2410.01276", colour="#8A7F00", marker="s", published_of="bt"
    )

    def _incompetent(self, problem: Problem) -> Tensor:
        from lethe.classifiers.models.resnet import (
            ResNet18,  # not through the registry: an edit there must reach this method's results
        )

        _, height, width = problem.architecture.image_shape
        resnet = ResNet18(problem.classes, (CHANNELS, height, width))
        seeds = problem.draws("bt/teacher").integers(2**31, (1,)).flatten().tolist()
        rows = []
        for seed, index in zip(seeds, problem.forget, strict=True):  # one at a time: they may be far larger than the students
            teacher = resnet.init([seed]).to(problem.images.device)
            with torch.no_grad():
                rows += [torch.cat([resnet.logits(teacher, _colour(problem.images[part])[None]) for part in index.split(512)], 1)]
        return torch.cat(rows)

    def _scale(self, problem: Problem) -> float:
        return 1 / problem.classes


def _colour(images: Tensor) -> Tensor:
    return images.expand(-1, CHANNELS, -1, -1)
