"""One method on single cells, each forgotten by a model of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.unlearncanvas.pairs import Cells, emitters_of, pairs_of
from lethe.benchmarks.unlearncanvas.studio import CanvasStudio, CanvasStudioSettings
from lethe.core.records import Fidelity
from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.further import unlearn_from
from lethe.diffusion.methods.run import training_data
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_parquet, write_parquet

ANSWERS = "answers.parquet"
log = logging.getLogger(__name__)


def forget_pairs(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    evaluators: list[Path],
    answers: Path,
    task: str,
    method: str,
    hyperparameters: dict[str, Any],
    cells: Cells,
    target_seeds: Sequence[int],
    settings: CanvasStudioSettings,
    seed: int,
    fidelity: Fidelity,
    threads: int,
    work: WorkFolder,
) -> None:
    """Forget every pair, draw all cells and judge them; what is finished survives a killed job.

    Args:
        answers: an answer set with ``target`` (the cell that is forgotten) and ``seconds``.
        cells: which; ``lethe.benchmarks.unlearncanvas.pairs.pairs_of``.
        target_seeds: of the cell that is forgotten.
        settings: with the seeds of all other cells. evaluators: its classifiers.
    """
    studio = CanvasStudio.load(base, receivers, emitters, evaluators, settings, task=task, threads=threads)
    pairs = emitters_of(studio.canvas, studio.receivers, pairs_of(studio.canvas, cells), len(studio.emitters))
    data, unlearner = training_data(latents, studio.receivers, pairs, fidelity), METHODS.load(method)(**hyperparameters)
    of_base: list[pd.DataFrame] = []  # a method that changes nothing draws the other cells once
    for pair in pairs:
        (target,) = pair.covers
        if (name := f"{target:04d}.parquet") in work.done:
            continue
        made = unlearn_from(NoneDelta(), unlearner, studio.pipe, pair, data, seed=seed)
        drawn = partial(studio.answers, made.delta, run=f"{method} {pair.name}", method=method)
        everywhere = of_base or [drawn(range(len(studio.receivers)), settings.seeds)]
        if isinstance(made.delta, NoneDelta):
            of_base = everywhere
        others = everywhere[0][everywhere[0]["cell"] != target]
        table = pd.concat([others, drawn([target], target_seeds)], ignore_index=True)
        table = table.assign(target=target, seconds=float(made.record.get("seconds", 0.0)))
        work.finish(name, partial(write_parquet, table=table))
        log.info("%s: %s: %.1f s", method, pair.name, table["seconds"].iloc[0])
    tables = [read_parquet(work.path(f"{pair.covers[0]:04d}.parquet")) for pair in pairs]
    work.finish(ANSWERS, partial(write_parquet, table=pd.concat(tables, ignore_index=True)))
    work.hand_over({ANSWERS: answers})
