"""A hyper-parameter search for U-LiRA, on forget sets of its splits that are never attacked."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lethe.benchmarks.deepunlearn.blocks import splits_in
from lethe.benchmarks.deepunlearn.lira import INIT_SEED, problem_of, train_to_tune_on
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.kept import in_lots
from lethe.classifiers.methods import METHODS
from lethe.classifiers.models.stack import Stack, gather, save_joined
from lethe.classifiers.search import most_epochs, search
from lethe.core.device import resolve_device
from lethe.execution.work import WorkFolder
from lethe.io.tables import write_json, write_parquet
from lethe.settings.classifiers import BaseTraining, LiraDesign, Search


def train(
    data: Path,
    retrained: Path,
    retrained_again: Path,
    dataset: str,
    architecture: str,
    block: str,
    lira: LiraDesign,
    training: BaseTraining,
    device: str,
    work: WorkFolder,
) -> None:
    """Train what a search compares with: per split of a block two models without the forget set, from different initialisations."""
    experiment = Experiment.load(data, architecture, resolve_device(device))
    for seed, name, path in ((INIT_SEED, "retrained", retrained), (INIT_SEED + 1, "retrained_again", retrained_again)):
        header = {"dataset": dataset, "architecture": architecture, "role": name}

        def make(some: list[int], place: Path, seed: int = seed, header: dict[str, str] = header) -> None:
            train_to_tune_on(experiment, lira, training, some, seed).save(place, header)

        (parts,) = in_lots(work, [name], splits_in(block), experiment.architecture.at_once, make)
        stacks = [Stack.load(part) for part in parts]
        work.finish(path.name, lambda place, stacks=stacks, header=header: save_joined(place, stacks, header))
        work.hand_over({path.name: path})


def search_method(
    data: Path,
    models: list[Path],
    retrained: list[Path],
    retrained_again: list[Path],
    best: Path,
    trials: Path,
    architecture: str,
    unlearner: str,
    lira: LiraDesign,
    splits: int,
    settings: Search,
    training: BaseTraining,
    device: str,
    work: WorkFolder,
) -> None:
    """Keep the best hyper-parameters and every trial; what is finished survives a killed job.

    Args:
        models, retrained, retrained_again: of the blocks that hold the splits to tune on.
        splits: how many of the first splits.
        training: the base training of the study; it bounds the epochs of the method.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    tuned = range(splits)
    original, *references = (_first(paths, splits).to(experiment.images.device) for paths in (models, retrained, retrained_again))
    problem = problem_of(experiment, lira, original, tuned, [lira.forget_sets] * splits, tuned)
    found, tried = search(
        METHODS.load(unlearner)(), problem, *references, most_epochs=most_epochs(training.epochs), settings=settings, work=work
    )
    work.finish("best", partial(write_json, data=found._asdict()))
    work.finish("trials", partial(write_parquet, table=tried))
    work.hand_over({"best": best, "trials": trials})


def _first(paths: list[Path], models: int) -> Stack:
    """The first models of some files."""
    stacks = [Stack.load(path) for path in paths]
    every = [(stack, m) for stack in stacks for m in range(len(stack))]
    return gather((([place], stack.select([m])) for place, (stack, m) in enumerate(every[:models])), models)
