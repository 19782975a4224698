"""Layers as new."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem


def reset(problem: Problem, stack: Stack, names: Iterable[str], purpose: str) -> None:
    """Redraw parameters of convolutions and linear layers as torch's ``reset_parameters``: U(-b, b), b = fan_in^-1/2; in place."""
    draws = problem.draws(purpose)
    with torch.no_grad():
        for name in names:
            parameter, weight = stack.parameters[name], stack.parameters[f"{name.rpartition('.')[0]}.weight"]
            parameter.copy_((2 * draws.uniform(parameter.shape[1:]) - 1) * weight[0, 0].numel() ** -0.5)
