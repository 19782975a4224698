"""The models of U-LiRA of one method and some splits, and what they say about every sample."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.deepunlearn.blocks import splits_in
from lethe.benchmarks.deepunlearn.lira import join_outputs, outputs_of, unlearn, write_outputs
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found, found_of
from lethe.classifiers.kept import in_lots
from lethe.classifiers.methods import METHODS
from lethe.classifiers.models.stack import Stack
from lethe.core.device import resolve_device
from lethe.execution.work import WorkFolder
from lethe.settings.classifiers import LiraDesign
from lethe.settings.hyperparameters import configure


def forget(
    data: Path,
    models: Path,
    said: Path,
    architecture: str,
    unlearner: str,
    block: str,
    shipped: Found | None,
    lira: LiraDesign,
    device: str,
    work: WorkFolder,
    search: Path | None = None,
) -> None:
    """Let the originals of a block forget each of their forget sets with one method; what is finished survives a killed job.

    Args:
        models: the originals.
        said: what the models say.
        block: the splits.
        shipped: what the configuration keeps for the method.
        search: what its search found, where this is used.
    """
    experiment = Experiment.load(data, architecture, resolve_device(device))
    originals, splits = Stack.load(models), splits_in(block)
    method = METHODS.load(unlearner)()
    config = configure(method, method.Config, found_of(shipped, search).values)

    def make(some: list[int], path: Path) -> None:
        original = originals.select([m // lira.forget_sets - splits.start for m in some]).to(experiment.images.device)
        stack = unlearn(experiment, lira, original, method, config, some)
        write_outputs(path, *outputs_of(experiment, lira, stack))

    of_forgets = range(splits.start * lira.forget_sets, splits.stop * lira.forget_sets)
    (parts,) = in_lots(work, [unlearner], of_forgets, experiment.architecture.at_once, make)
    work.finish("said", lambda path: join_outputs(parts, path, forget_sets=lira.forget_sets))
    work.hand_over({"said": said})
