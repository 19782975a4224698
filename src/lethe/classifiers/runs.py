"""Several runs of a method on one model: training seeds and unlearning seeds apart.

The models of a method are a stack of J x I, run by run: model ``j * I + i`` is run j on the model of training seed i.
"""

from __future__ import annotations

from dataclasses import replace

from lethe.classifiers.problem import Problem

STRIDE = 1000  # at most 1000 training seeds: no two runs draw the same


def repeated(problem: Problem, runs: int) -> Problem:
    """The problem of every model ``runs`` times, (J x I); the first run draws from the training seeds, as if it were the only one.

    Args:
        problem: I models. runs: J, at least 1.
    """
    models = list(range(len(problem)))
    seeds = [seed + STRIDE * run for run in range(runs) for seed in problem.seeds]
    return replace(problem.select(models * runs), seeds=seeds)
