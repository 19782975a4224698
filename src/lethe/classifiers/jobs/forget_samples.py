"""One method of Deep Unlearn on the models of a study."""

from __future__ import annotations

from pathlib import Path

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found, found_of
from lethe.classifiers.methods import METHODS
from lethe.classifiers.methods.base import run
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.runs import repeated
from lethe.core.device import resolve_device
from lethe.settings.hyperparameters import configure


def forget(
    data: Path,
    original: Path,
    models: Path,
    dataset: str,
    architecture: str,
    unlearner: str,
    shipped: Found | None,
    seeds: list[int],
    runs: int,
    device: str,
    search: Path | None = None,
) -> None:
    """Let the original models of all seeds forget.

    Args:
        shipped: what the configuration keeps for the method.
        runs: of the method per model.
        search: what its search found, where this is used.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    problem = repeated(experiment.problem(Stack.load(original).to(experiment.images.device), seeds), runs)
    method = METHODS.load(unlearner)()
    unlearned = run(method, problem, [configure(method, method.Config, found_of(shipped, search).values)] * len(problem))
    unlearned.save(models, {"dataset": dataset, "architecture": architecture, "method": unlearner})
