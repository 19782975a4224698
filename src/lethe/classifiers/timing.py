"""Run times of methods, one model at a time, on a machine that does nothing else (the rule takes all its cores)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import pandas as pd
import torch

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods import METHODS
from lethe.classifiers.methods.base import Hyperparameters, run
from lethe.classifiers.models.stack import Stack
from lethe.settings.classifiers import BaseTraining


def run_times(
    experiment: Experiment, original: Stack, configs: Mapping[str, Hyperparameters], training: BaseTraining, repeats: int
) -> pd.DataFrame:
    """Median wall-clock seconds of forgetting with one model: ``method, seconds, slowest``, with ``retrained``.

    Only the work itself is timed: no start of a process, no reading of data, no evaluation.

    Args:
        original: whose first model is used. configs: method -> hyper-parameters. repeats: runs per method, after one to warm up.
    """
    one = experiment.problem(original.select([0]), [0])
    kept = experiment.splits["retain"][None]
    jobs: dict[str, Callable[[], object]] = {"retrained": lambda: experiment.train(kept, [0], training)}
    for name, config in configs.items():
        method = METHODS.load(name)()
        jobs[name] = lambda method=method, config=config: run(method, one, [config])  # type: ignore[misc]
    rows = []
    for name, job in jobs.items():
        seconds = []
        for _ in range(repeats + 1):
            _wait(experiment)
            begin = time.perf_counter()
            job()
            _wait(experiment)
            seconds.append(time.perf_counter() - begin)
        rows.append({"method": name, "seconds": statistics.median(seconds[1:]), "slowest": max(seconds[1:])})
    return pd.DataFrame(rows)


def _wait(experiment: Experiment) -> None:
    if experiment.images.device.type == "cuda":
        torch.cuda.synchronize()


def stacked_training_times(experiment: Experiment, training: BaseTraining, models: int, alone: int) -> tuple[float, float, float]:
    """Seconds to train ``models`` models stacked; seconds to train as many one after another; largest difference of a weight.

    ``alone`` of them are trained one after another and their time is scaled up.
    """
    rows, seeds = experiment.training_rows(), list(range(models))
    begin = time.perf_counter()
    stacked = experiment.train(rows.expand(models, -1), seeds, training)
    together = time.perf_counter() - begin
    begin = time.perf_counter()
    singles = [experiment.train(rows[None], [seed], training) for seed in seeds[:alone]]
    apart = (time.perf_counter() - begin) * models / alone
    difference = max(
        float((stacked.parameters[name][m] - single.parameters[name][0]).abs().max())
        for m, single in enumerate(singles)
        for name in single.parameters
    )
    return together, apart, difference
