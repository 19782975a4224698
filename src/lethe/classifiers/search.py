"""Hyper-parameter search: Optuna's NSGA-III, asked for many trials at once so that they train stacked.

Four objectives are minimised: |RA - RA_R| / 3, |FA - FA_R| / 3, |VA - VA_R| / 3 and 2 |MIA_V - MIA_V,R|, all against the retrained model of
the same seed and forget set, so that exact unlearning is at 0. The published code's ``objective10`` has |2 MIA_V - 1| for the last, the
attack between forget set and validation set against a coin: a model that never saw the forget set need not be one, and then a search
prefers other models to exact unlearning. A trial is judged by the Euclidean norm of the four. Studies live in memory and trials are kept
as a table: no database, no locks.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lethe.classifiers.evaluation import score
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods.base import Blocks, Choice, Hyperparameters, Integers, LogUniform, Method, Space, run
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.progress import log, progress
from lethe.execution.work import WorkFolder
from lethe.io.tensors import read_tensors, write_tensors
from lethe.settings.classifiers import LOT, Objective, Search

OBJECTIVES = ("retain", "forget", "val", "mia")
WEIGHTS = np.array([1 / 3, 1 / 3, 1 / 3, 2.0])
JUDGED = ["RA", "FA", "VA", "mia_val"]

Floats = NDArray[np.float64]


class Best(NamedTuple):
    """What a search found.

    Attributes:
        values: hyper-parameters. norm: of the four objectives, mean over the tuning models (`held_out`) or of the one trial
            (`published`); None: nothing that was tried gave finite scores. trials: how many were run. seconds: that all of them took.
        tied: finalists within the floor of the best norm, of which the fastest was taken; 1: the best was; 0: there is no norm.
        norm_original, norm_retrained: mean norms of doing nothing and of exact unlearning. norm_floor: distance of
            retrained models of other seeds (objective ``retrained``); what differs by less is noise.
    """

    values: dict[str, Any]
    norm: float | None
    trials: int
    seconds: float
    tied: int
    norm_original: float
    norm_retrained: float
    norm_floor: float


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


def objectives(problem: Problem, unlearned: Stack, reference: Floats, objective: Objective) -> Floats:
    """The four objectives per model, (M, 4); NaN for a model whose outputs are not finite.

    Args:
        reference: (M, 4), RA, FA, VA and MIA_V of the retrained models.
        objective: ``retrained``: the attack is to do as well as on the retrained model; ``published``: no better than a coin.
    """
    scores = score(problem, unlearned)[JUDGED].to_numpy()
    target = reference.copy()
    if objective == "published":
        target[:, 3] = 0.5
    return np.abs(scores - target) * WEIGHTS


def search(
    method: Method[Any],
    problem: Problem,
    retrained: Stack,
    retrained_again: Stack,
    *,
    most_epochs: int,
    settings: Search,
    work: WorkFolder | None = None,
) -> tuple[Best, pd.DataFrame]:
    """One study per model of ``problem``, all studies side by side.

    Args:
        problem: the tuning models (M) with the forget sets to tune on. retrained: their references; retrained_again: from other seeds.
        most_epochs: upper end of every number of epochs.
        settings: how many trials per study, how many of them at once, and how the best is chosen: by the single best trial of all
            studies (``published``), or (``held_out``) by the mean norm of the best trials of every study run again on all models. Where
            several of these are within the floor of the best, the fastest wins: a smaller norm is noise there.
        work: where what every lot of trials reached is kept; a search that was killed asks its samplers again and goes on from there.

    Returns:
        The best hyper-parameters, and all trials: ``model, trial, state (complete | failed), retain, forget, val, mia, norm`` and one
        column per hyper-parameter. A trial with a NaN is recorded as failed and its study goes on. Where every trial failed, the
        first is the best: the method runs as any other and its rows say that it fails, so that one method does not cost the study.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    begin, title = time.perf_counter(), type(method).__name__
    space = method.Config.space()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # the sampler's interface may change; it is pinned
        samplers = [optuna.samplers.NSGAIIISampler(seed=int(seed), population_size=settings.population) for seed in problem.seeds]
    studies = [optuna.create_study(directions=["minimize"] * 4, sampler=sampler) for sampler in samplers]
    problem = method.prepare(problem)
    judge = _Judge(method, problem, score(problem, retrained)[JUDGED].to_numpy(), settings.objective, work)
    norms = [
        judge.norm_of(problem.original),
        judge.norm_of(retrained),
        replace(judge, objective="retrained").norm_of(retrained_again),
    ]
    rows: list[dict[str, Any]] = []
    what = f"{type(method).__name__}, {len(studies)} studies"
    for first in progress(range(0, settings.trials, settings.batch), settings.trials, "trial", what, settings.batch):
        asked = [(m, study.ask()) for m, study in enumerate(studies) for _ in range(min(settings.batch, settings.trials - first))]
        values = [suggest(trial, space, most_epochs, len(problem.architecture.blocks)) for _, trial in asked]
        found = judge.run([m for m, _ in asked], values, f"trials_{first:05d}")
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
    table = pd.DataFrame(rows)
    complete_trials = table[table["state"] == "complete"].sort_values("norm", kind="stable")
    if complete_trials.empty:
        log.warning(
            "no trial of %s gave finite scores, of %d; the first is kept, and tables show that the method fails",
            title,
            len(table),
        )
        return Best(_values(table.iloc[0], space), None, len(table), time.perf_counter() - begin, 0, *norms), table
    if settings.protocol == "published":
        best = complete_trials.iloc[0]
        return Best(_values(best, space), float(best["norm"]), len(table), time.perf_counter() - begin, 1, *norms), table
    candidates = [
        _values(row, space)
        for _, group in complete_trials.groupby("model")
        for _, row in group.head(settings.finalists).iterrows()
    ]
    models = list(range(len(problem)))
    found = judge.run([m for _ in candidates for m in models], [value for value in candidates for _ in models], "finalists")
    reached = np.linalg.norm(found, axis=1).reshape(len(candidates), len(models)).mean(1)
    if not np.isfinite(reached).any():
        log.warning(
            "no finalist of %s gave finite scores on all tuning seeds, of %d; the best trial is kept", title, len(candidates)
        )
        seconds, count = time.perf_counter() - begin, len(table) + len(candidates) * len(models)
        return Best(_values(complete_trials.iloc[0], space), None, count, seconds, 0, *norms), table
    tied = np.flatnonzero(reached <= np.nanmin(reached) + norms[-1])
    winner = judge.fastest(candidates, tied[np.argsort(reached[tied], kind="stable")])
    count = len(table) + len(candidates) * len(models)
    seconds = time.perf_counter() - begin
    return Best(candidates[winner], float(reached[winner]), count, seconds, len(tied), *norms), table


@dataclass(frozen=True)
class _Judge:
    """Runs a method and tells how far the results are from the retrained models.

    Attributes:
        reference: (M, 4), what ``objectives`` compares with.
        work: where results are kept; None: nowhere.
    """

    method: Method[Any]
    problem: Problem
    reference: Floats
    objective: Objective
    work: WorkFolder | None

    def norm_of(self, stack: Stack) -> float:
        """Mean norm of M models."""
        return float(np.linalg.norm(objectives(self.problem, stack, self.reference, self.objective), axis=1).mean())

    def run(self, models: Sequence[int], values: Sequence[Mapping[str, Any]], name: str) -> Floats:
        """Objectives (n, 4) of running ``values[i]`` on model ``models[i]``, some models in memory at a time; ``name`` is that of these runs."""
        configs, lot = [self.method.Config(**value) for value in values], LOT * self.problem.architecture.at_once
        found = []
        for i in range(0, len(models), lot):
            reach = partial(self._run, models[i : i + lot], configs[i : i + lot])
            found.append(reach() if self.work is None else _kept(self.work, f"{name}_{i:05d}.safetensors", reach))
        return np.concatenate(found)

    def _run(self, models: Sequence[int], configs: Sequence[Hyperparameters]) -> Floats:
        chosen = self.problem.select(models)
        unlearned = run(self.method, chosen, configs)
        return objectives(chosen, unlearned, self.reference[list(models)], self.objective)

    def fastest(self, candidates: Sequence[Mapping[str, Any]], tied: NDArray[np.int64]) -> int:
        """Which of ``tied`` takes the least time on one model; the first one is run twice, and its first time does not count."""
        if len(tied) == 1:
            return int(tied[0])
        seconds = []
        for candidate in [tied[0], *tied]:
            begin = time.perf_counter()
            self._run([0], [self.method.Config(**candidates[candidate])])
            seconds.append(time.perf_counter() - begin)
        return int(tied[int(np.argmin(seconds[1:]))])


def _kept(work: WorkFolder, name: str, reach: Callable[[], Floats]) -> Floats:
    """Objectives, kept as a file of ``work`` as soon as they are there."""
    work.finish(name, lambda path: write_tensors(path, {"objectives": torch.from_numpy(reach())}, {}))
    return read_tensors(work.path(name))[0]["objectives"].numpy()


def _values(row: pd.Series, space: Mapping[str, Space]) -> dict[str, Any]:
    """Hyper-parameters of a row of the table of trials as plain Python numbers."""
    whole = {name for name, where in space.items() if isinstance(where, Integers | Blocks) or _whole(where)}
    return {name: int(row[name]) if name in whole else float(row[name]) for name in space}


def _whole(where: Space) -> bool:
    return isinstance(where, Choice) and all(isinstance(value, int) for value in where.values)


def tuned(
    experiment: Experiment, original: Stack, retrained: Stack, retrained_again: Stack, settings: Search
) -> tuple[Problem, Stack, Stack]:
    """The problem that hyper-parameters are searched on, and the models to compare with.

    ``held_out``: models of their own, each with a forget set that is not reported. ``published``: the reported forget set, on the first of the
    reported models.

    Args:
        original, retrained, retrained_again: models of the tuning seeds (`held_out`) or of all reported seeds (`published`).
    """
    if settings.protocol == "held_out":
        return experiment.tuning_problem(original, settings.seeds), retrained, retrained_again
    chosen = original, retrained, retrained_again
    original, retrained, retrained_again = (stack.select(settings.seeds) for stack in chosen)
    return experiment.problem(original, settings.seeds), retrained, retrained_again


def most_epochs(base_epochs: int) -> int:
    """The most epochs that a method may take: a fifth of the base training's, rounded up."""
    return math.ceil(0.2 * base_epochs)
