"""IU as published: a WoodFisher recursion that never leaves the first sample's direction."""

from __future__ import annotations

import torch

from lethe.classifiers.methods._per_sample import rows
from lethe.classifiers.methods.iu import InfluenceUnlearning, Weights
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription

N = 1000


class InfluenceUnlearningPublished(InfluenceUnlearning):
    """``iu`` with this instead of H^-1 v.

    Start from k = v and o = g_1. For every further single sample of D_R, in order, 1002 in all: t = o . g, k <- k - (k . g) / (N + t) o,
    o <- o - t / (N + t) o, N = 1000. WoodFisher would have o = H^-1 g of the current sample; here o stays a multiple of g_1, and
    so does k - v.
    """

    about = MethodDescription(
        title="IU (published)", paper="code published with arXiv 2410.01276", colour="#009E73", marker="^", published_of="iu"
    )

    def _solve(self, problem: Problem, v: Weights) -> Weights:
        shapes = {name: tensor.shape for name, tensor in v.items()}
        found = torch.cat([tensor.flatten(1) for tensor in v.values()], 1)
        for model, k in enumerate(found):
            singles = (g for part in rows(problem, model, problem.retain[model, : N + 2]) for g in part)
            o = next(singles)
            for g in singles:
                t = o @ g
                k -= (k @ g) / (N + t) * o
                o = o - t / (N + t) * o
        parts = found.split([shape[1:].numel() for shape in shapes.values()], 1)
        return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
