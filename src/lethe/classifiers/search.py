"""Hyper-parameter search: Optuna's NSGA-III, asked for many trials at once so that they train stacked.

The four objectives are the published code's ``objective10``, all minimised: |RA - RA_R| / 3, |FA - FA_R| / 3, |VA - VA_R| / 3 against the
retrained model of the same seed, and |2 MIA_V - 1| between forget set and validation set. A trial is judged by the Euclidean norm
of the four. Studies live in memory and trials are kept as a table: no database, no locks.
"""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.classifiers.evaluation import score
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods.base import Blocks, Choice, Hyperparameters, Integers, LogUniform, Method, Space, run
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.settings.classifiers import Search

log = logging.getLogger(__name__)
OBJECTIVES = ("retain", "forget", "val", "mia")
ACCURACIES = ["RA", "FA", "VA"]

Floats = NDArray[np.float64]


class Best(NamedTuple):
    """What a search found.

    Attributes:
        values: hyper-parameters. norm: of the four objectives, mean over the tuning models (`held_out`) or of the one trial
            (`published`). trials: how many were run. seconds: that all of them took.
        norm_original, norm_retrained: mean norms of doing nothing and of exact unlearning, for comparison: the fourth objective is an
            estimate from few samples, so that even exact unlearning is not at 0.
    """

    values: dict[str, Any]
    norm: float
    trials: int
    seconds: float
    norm_original: float
    norm_retrained: float


def suggest(trial: Any, space: Mapping[str, Space], most_epochs: int, blocks: int) -> dict[str, Any]:
    """Values of one Optuna trial; ``most_epochs`` bounds the number of epochs, ``blocks`` is the architecture's number of them."""
    values: dict[str, Any] = {}
    for name, where in space.items():
        if isinstance(where, Choice):
            values[name] = trial.suggest_categorical(name, where.values)
        elif isinstance(where, Blocks):
            values[name] = trial.suggest_int(name, 1, blocks)
        elif isinstance(where, Integers):
            values[name] = trial.suggest_int(name, where.low, most_epochs if where.high is None else where.high)
        else:
            high = most_epochs if where.high is None else where.high
            value = trial.suggest_float(name, where.low, high, log=isinstance(where, LogUniform))
            values[name] = float(f"{value:.6g}")  # what is kept is what was tried
    return values


def objectives(problem: Problem, unlearned: Stack, reference: Floats) -> Floats:
    """The four objectives per model, (M, 4); NaN for a model whose outputs are not finite.

    Args:
        reference: (M, 3), RA, FA and VA of the retrained models.
    """
    scores = score(problem, unlearned)
    gaps = np.abs(scores[ACCURACIES].to_numpy() - reference) / 3
    return np.column_stack([gaps, np.abs(2 * scores["mia_val"].to_numpy() - 1)])


def search(
    method: Method[Any],
    problem: Problem,
    retrained: Stack,
    *,
    most_epochs: int,
    trials: int,
    batch: int,
    population: int,
    finalists: int,
    protocol: str,
) -> tuple[Best, pd.DataFrame]:
    """One study per model of ``problem``, all studies side by side.

    Args:
        problem: the tuning models (M) with the forget sets to tune on. retrained: their references.
        most_epochs: upper end of every number of epochs. trials: per study. batch: asked for at once.
        population: of NSGA-III; so many trials of a study are random, then each generation learns from the one before.
        finalists: `held_out` only: this many best trials of every study run again on all models; the best mean wins.
        protocol: ``published``: the single best trial of all studies wins.

    Returns:
        The best hyper-parameters, and all trials: ``model, trial, state (complete | failed), retain, forget, val, mia, norm`` and one
        column per hyper-parameter. A trial with a NaN is recorded as failed and its study goes on.

    Raises:
        RuntimeError: every trial failed.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    begin = time.perf_counter()
    space = method.Config.space()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # the sampler's interface may change; it is pinned
        samplers = [optuna.samplers.NSGAIIISampler(seed=int(seed), population_size=population) for seed in problem.seeds]
    studies = [optuna.create_study(directions=["minimize"] * 4, sampler=sampler) for sampler in samplers]
    references = score(problem, retrained)[ACCURACIES].to_numpy()
    floors = [
        float(np.linalg.norm(objectives(problem, stack, references), axis=1).mean()) for stack in (problem.original, retrained)
    ]
    rows: list[dict[str, Any]] = []
    for first in range(0, trials, batch):
        asked = [(m, study.ask()) for m, study in enumerate(studies) for _ in range(min(batch, trials - first))]
        values = [suggest(trial, space, most_epochs, len(problem.architecture.blocks)) for _, trial in asked]
        found = _evaluate(method, problem, references, [m for m, _ in asked], values)
        for (m, trial), value, objective in zip(asked, values, found, strict=True):
            complete = bool(np.isfinite(objective).all())
            if complete:
                studies[m].tell(trial, objective.tolist())
            else:
                studies[m].tell(trial, state=optuna.trial.TrialState.FAIL)
            rows.append(
                {"model": m, "trial": trial.number, "state": "complete" if complete else "failed"}
                | dict(zip(OBJECTIVES, objective.tolist(), strict=True))
                | {"norm": float(np.linalg.norm(objective))}
                | value
            )
        log.info(
            "%s: %d of %d trials per study, %.0f s",
            type(method).__name__,
            min(first + batch, trials),
            trials,
            time.perf_counter() - begin,
        )
    table = pd.DataFrame(rows)
    complete_trials = table[table["state"] == "complete"].sort_values("norm", kind="stable")
    if complete_trials.empty:
        raise RuntimeError(f"all {len(table)} trials of {type(method).__name__} failed (NaN); see the table of trials")
    if protocol == "published":
        best = complete_trials.iloc[0]
        return Best(_values(best, space), float(best["norm"]), len(table), time.perf_counter() - begin, *floors), table
    candidates = [
        _values(row, space) for _, group in complete_trials.groupby("model") for _, row in group.head(finalists).iterrows()
    ]
    models = list(range(len(problem)))
    found = _evaluate(
        method, problem, references, [m for _ in candidates for m in models], [value for value in candidates for _ in models]
    )
    norms = np.linalg.norm(found, axis=1).reshape(len(candidates), len(models)).mean(1)
    if not np.isfinite(norms).any():
        raise RuntimeError(f"no finalist of {type(method).__name__} ran on all tuning seeds without NaN")
    winner = int(np.nanargmin(norms))
    count = len(table) + len(candidates) * len(models)
    return Best(candidates[winner], float(norms[winner]), count, time.perf_counter() - begin, *floors), table


def _evaluate(
    method: Method[Any], problem: Problem, references: Floats, models: Sequence[int], values: Sequence[Mapping[str, Any]]
) -> Floats:
    """Objectives (n, 4) of running ``values[i]`` on model ``models[i]``."""
    configs: list[Hyperparameters] = [method.Config(**value) for value in values]
    chosen = problem.select(models)
    return objectives(chosen, run(method, chosen, configs), references[list(models)])


def _values(row: pd.Series, space: Mapping[str, Space]) -> dict[str, Any]:
    """Hyper-parameters of a row of the table of trials as plain Python numbers."""
    whole = {name for name, where in space.items() if isinstance(where, Integers | Blocks) or _whole(where)}
    return {name: int(row[name]) if name in whole else float(row[name]) for name in space}


def _whole(where: Space) -> bool:
    return isinstance(where, Choice) and all(isinstance(value, int) for value in where.values)


def tuned(experiment: Experiment, original: Stack, retrained: Stack, settings: Search) -> tuple[Problem, Stack]:
    """The problem that hyper-parameters are searched on, and the models to compare with.

    ``held_out``: models of their own, each with a forget set that is not reported. ``published``: the reported forget set, on the first of the
    reported models.

    Args:
        original, retrained: models of the tuning seeds (`held_out`) or of all reported seeds (`published`).
    """
    if settings.protocol == "held_out":
        return experiment.tuning_problem(original, settings.seeds), retrained
    return experiment.problem(original.select(settings.seeds), settings.seeds), retrained.select(settings.seeds)


def most_epochs(base_epochs: int) -> int:
    """The most epochs that a method may take: a fifth of the base training's, rounded up."""
    return math.ceil(0.2 * base_epochs)
