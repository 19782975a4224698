"""Skeleton title: shrink all weights, then go on training on the retain set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field

from lethe.classifiers.methods.base import Method, Standard, Uniform, column, data_order, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import batches, cosine
from lethe.core.methods import MethodDescription


class SkeletonConfig(Standard):
    """Hyper-parameters: those of SGD, and one of its own. An annotation says where a search looks."""

    decay: Annotated[float, Field(ge=0, le=1), Uniform(0, 1)] = 0.1


class Skeleton(Method[SkeletonConfig]):
    """Minimise CE(D_R), after every weight was shrunk by ``decay``. Source: not published."""

    about = MethodDescription(
        title="Skeleton title", means="what the title stands for", paper="not published"
    )  # in figures and tables; literals only
    contract = ClassifierContract(small={"num_epochs": 2}, direction="change", retain=0.9, sees="nothing")  # of D_F
    Config = SkeletonConfig

    def unlearn(self, problem: Problem, configs: Sequence[SkeletonConfig]) -> Stack:
        """M models, each with its own configuration; ``problem`` is left alone."""
        stack = problem.original.clone()
        keep = 1 - column(configs, "decay", stack.device)
        with torch.no_grad():
            for weights in stack.parameters.values():
                weights.mul_(keep.view(-1, *[1] * (weights.ndim - 1)))
        epochs, optimiser, order = column(configs, "num_epochs", stack.device), sgd(stack, configs), data_order()
        for epoch in range(int(epochs.max())):
            for part in batches(problem.retain, configs[0].batch_size, order):
                optimiser.step(problem.cross_entropy(stack, part), cosine(epoch, epochs))
        return optimiser.finish()
