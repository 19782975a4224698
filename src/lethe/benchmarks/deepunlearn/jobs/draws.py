"""Fresh draws of a study's data, with the hyper-parameters of the reported one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lethe.benchmarks.deepunlearn.draws import compare_draws
from lethe.classifiers.distance import ORIGINAL, RETRAINED, RETRAINED_AGAIN
from lethe.classifiers.evaluation import score_runs
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found, found_of_study
from lethe.classifiers.jobs.classifiers import AGAIN
from lethe.classifiers.methods import METHODS
from lethe.classifiers.methods.base import run
from lethe.core.device import resolve_device
from lethe.io.tables import read_parquet, write_csv, write_json, write_parquet
from lethe.settings.classifiers import BaseTraining
from lethe.settings.hyperparameters import configure


def score_draw(
    data: Path,
    scores: Path,
    architecture: str,
    shipped: dict[str, Found],
    methods: list[str],
    training: BaseTraining,
    seeds: list[int],
    device: str,
    searches: Sequence[Path] = (),
) -> None:
    """Train, unlearn and score every model of one draw; only scores are kept.

    Args:
        shipped: method -> what the configuration keeps for it.
        methods: their names.
        searches: what the searches of the methods found, where these are used.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    found = found_of_study(shipped, searches)
    retain = experiment.splits["retain"].expand(len(seeds), -1)
    original = experiment.train(experiment.training_rows().expand(len(seeds), -1), seeds, training)
    problem = experiment.problem(original, seeds)
    stacks = {
        ORIGINAL: original,
        RETRAINED: experiment.train(retain, seeds, training),
        RETRAINED_AGAIN: experiment.train(retain, [seed + AGAIN for seed in seeds], training),
    }
    tables = [score_runs(experiment, problem, stack, name) for name, stack in stacks.items()]
    for name in methods:
        method = METHODS.load(name)()
        stack = run(method, problem, [configure(method, method.Config, found[name].values)] * len(problem))
        tables.append(score_runs(experiment, problem, stack, name))
    write_parquet(scores, pd.concat(tables, ignore_index=True))


def tabulate(scores: list[Path], table: Path, summary: Path, draws: list[int], alpha: float) -> None:
    """Compare the draws.

    Args:
        scores: of every draw.
        draws: their numbers.
        alpha: 1 - coverage of the intervals, and level of the tests.
    """
    found = compare_draws({draw: read_parquet(path) for draw, path in zip(draws, scores, strict=True)}, 1 - alpha)
    write_csv(table, found.methods)
    write_json(summary, found.summary)
