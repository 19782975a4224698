"""The models of U-LiRA of some splits that no method made, and what they say about every sample."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.blocks import splits_in
from lethe.benchmarks.deepunlearn.lira import join_outputs, outputs_of, train_originals, train_retrained, write_outputs
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.kept import in_lots
from lethe.classifiers.models.stack import Stack, save_joined
from lethe.core.device import resolve_device
from lethe.execution.work import WorkFolder
from lethe.settings.classifiers import BaseTraining, LiraDesign


def train(
    data: Path,
    models: Path,
    original: Path,
    retrained: Path,
    dataset: str,
    architecture: str,
    block: str,
    lira: LiraDesign,
    training: BaseTraining,
    device: str,
    work: WorkFolder,
) -> None:
    """Train originals on random halves of the data and retrained models for every forget set; what is finished survives a killed job.

    Args:
        models: the originals themselves; ``original`` and ``retrained`` hold what models say.
        block: the splits.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    at_once, header = experiment.at_once(training), {"dataset": dataset, "architecture": architecture}
    splits, forget_sets = splits_in(block), lira.forget_sets

    def make_originals(some: list[int], stack_path: Path, said: Path) -> None:
        stack = train_originals(experiment, lira, training, some)
        stack.save(stack_path, header)
        write_outputs(said, *outputs_of(experiment, lira, stack))

    def make_retrained(some: list[int], said: Path) -> None:
        write_outputs(said, *outputs_of(experiment, lira, train_retrained(experiment, lira, training, some)))

    stacks, originals = in_lots(work, ["models", "original"], splits, at_once, make_originals)
    of_forgets = range(splits.start * forget_sets, splits.stop * forget_sets)
    (retraineds,) = in_lots(work, ["retrained"], of_forgets, at_once, make_retrained)
    work.finish("models", lambda path: save_joined(path, [Stack.load(part) for part in stacks], header))
    work.finish("original", lambda path: join_outputs(originals, path, repeats=forget_sets, forget_sets=forget_sets))
    work.finish("retrained", lambda path: join_outputs(retraineds, path, forget_sets=forget_sets))
    work.hand_over({"models": models, "original": original, "retrained": retrained})
