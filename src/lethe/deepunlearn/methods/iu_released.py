"""IU as released: a WoodFisher recursion that never leaves the first sample's direction."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.deepunlearn.methods.iu import InfluenceUnlearning, _gradient, _losses
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.problem import Problem

N = 1000


class InfluenceUnlearningReleased(InfluenceUnlearning):
    """``iu`` with this instead of H^-1 v.

    Start from k = v and o = g_1. For every further single sample of D_R, in order, 1002 in all: t = o . g, k <- k - (k . g) / (N + t) o,
    o <- o - t / (N + t) o, N = 1000. WoodFisher would have o = H^-1 g of the current sample; here o stays a multiple of g_1, and
    so does k - v.
    """

    title = "IU (released)"

    def _solve(self, problem: Problem, stack: Stack, v: Tensor) -> Tensor:
        k, o = v.clone(), torch.zeros_like(v)
        for i in range(min(N + 2, problem.retain.shape[1])):
            g = _gradient(stack, _losses(problem, stack, problem.retain[:, i : i + 1]))
            if i == 0:
                o = g
                continue
            t = (o * g).sum(1, keepdim=True)
            k -= (k * g).sum(1, keepdim=True) / (N + t) * o
            o = o - t / (N + t) * o
        return k
