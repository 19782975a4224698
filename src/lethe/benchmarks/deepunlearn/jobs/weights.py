"""How many weights of a study's network its methods can act on."""

from __future__ import annotations

from pathlib import Path

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods import METHODS
from lethe.classifiers.methods.ff import FisherForgetting
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.weights import clamped, shares, unreached
from lethe.core.device import resolve_device
from lethe.io.tables import write_csv


def tabulate(data: Path, original: Path, table: Path, architecture: str, methods: list[str], device: str) -> None:
    """Write the share of weights whose gradient is structurally zero, and per form of FF the share at its bound.

    Args:
        original: models of the study; FF is asked about the first one, with its default hyper-parameters, on which the share does not
            depend (``ff_published``: a batch size of 64).
        methods: of the study.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    network = experiment.architecture
    problem = experiment.problem(Stack.load(original).select([0]).to(experiment.images.device), [0])
    masks = {"zero_gradient": unreached(network)}
    for name in methods:
        if issubclass(kind := METHODS.load(name), FisherForgetting):
            fisher = kind().fisher(problem, [kind.Config()])
            masks[f"clamped_{name}"] = clamped({name: value[0] for name, value in fisher.items()}, network.classes)
    write_csv(table, shares(network, masks))
