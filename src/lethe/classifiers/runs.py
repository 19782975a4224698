"""Several runs of a method on one model: training seeds and unlearning seeds apart.

The models of a method are a stack of J x I, run by run: model ``j * I + i`` is run j on the model of training seed i.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from lethe.classifiers.problem import Problem

STRIDE = 1000  # at most 1000 training seeds: no two runs draw the same


def repeated(problem: Problem, runs: int) -> Problem:
    """The problem of every model ``runs`` times, (J x I).

    A run draws from a seed of its own, and has its samples in an order of its own: batches are drawn as places in that order, which are the
    same for all models. The first run is what it is without others.

    Args:
        problem: I models. runs: J, at least 1.
    """
    count = len(problem)
    seeds = [seed + STRIDE * run for run in range(runs) for seed in problem.seeds]
    wide = replace(problem.select(list(range(count)) * runs), seeds=seeds)
    retain, forget, val = (_shuffled(wide, name, count) for name in ("retain", "forget", "val"))
    return replace(wide, retain=retain, forget=forget, val=val)


def _shuffled(problem: Problem, name: str, first: int) -> Tensor:
    """The rows of a part (M, n), those of the first models in their order, those of the others in one that their seeds tell."""
    rows: Tensor = getattr(problem, name)
    if first == len(problem):
        return rows
    order = problem.draws(f"runs/{name}").permutations(rows.shape[1])
    order[:first] = torch.arange(rows.shape[1], device=rows.device)
    return rows.gather(1, order)
