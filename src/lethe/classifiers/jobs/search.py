"""The search for hyper-parameters of one method of a study."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods import METHODS
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.search import most_epochs, search, tuned
from lethe.core.device import resolve_device
from lethe.execution.work import WorkFolder
from lethe.io.tables import write_json, write_parquet
from lethe.settings.classifiers import BaseTraining, Search


def search_method(
    data: Path,
    original: Path,
    retrained: Path,
    retrained_again: Path,
    best: Path,
    trials: Path,
    architecture: str,
    unlearner: str,
    settings: Search,
    training: BaseTraining,
    device: str,
    work: WorkFolder,
) -> None:
    """Keep the best hyper-parameters and every trial; what is finished survives a killed job.

    Args:
        settings: of the search.
        training: of the models that are to forget; it bounds the epochs of the method.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    first, second, third = (Stack.load(path).to(experiment.images.device) for path in (original, retrained, retrained_again))
    given = tuned(experiment, first, second, third, settings)
    found, tried = search(
        METHODS.load(unlearner)(), *given, most_epochs=most_epochs(training.epochs), settings=settings, work=work
    )
    work.finish("best", partial(write_json, data=found._asdict()))
    work.finish("trials", partial(write_parquet, table=tried))
    work.hand_over({"best": best, "trials": trials})
