"""One method on single cells, each forgotten by a model of its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.drawn import Studio
from lethe.benchmarks.unlearncanvas.pairs import Cells, emitters_of, pairs_of
from lethe.core.device import resolve_device
from lethe.core.records import Fidelity
from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.further import unlearn_from
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_parquet, write_parquet
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import UnlearnCanvas

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
    settings: UnlearnCanvas,
    scoring: Scoring,
    evaluator_settings: dict[str, Evaluator],
    generation: Generation,
    world: str,
    seed: int,
    device: str,
    dtype: str,
    fidelity: Fidelity,
    threads: int,
    work: WorkFolder,
) -> None:
    """Forget every pair, draw all cells and judge them; what is finished survives a killed job.

    Args:
        answers: an answer set with ``target`` (the cell that is forgotten) and ``seconds``.
        cells: which; ``lethe.benchmarks.unlearncanvas.pairs.pairs_of``.
        target_seeds: of the cell that is forgotten.
        generation: with the seeds of all other cells. evaluators: classifiers that judge, as ``evaluator_settings`` describes them.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    there, canvas = resolve_device(device), canvas_of(asked, forgotten, settings)
    pairs = emitters_of(canvas, asked, pairs_of(canvas, cells), len(forgotten))
    data, unlearner = training_data(latents, asked, pairs, fidelity), METHODS.load(method)(**hyperparameters)
    folders, pipe = dict(zip(evaluator_settings, evaluators, strict=True)), load_pipeline(base, device=there)
    studio = Studio.load(
        base, folders, evaluator_settings, asked, canvas, settings.judges, scoring, generation,
        world=world, task=task, device=there, dtype=dtype, threads=threads,
    )  # fmt: skip
    of_base: list[pd.DataFrame] = []  # a method that changes nothing draws the other cells once
    for pair in pairs:
        (target,) = pair.covers
        if (name := f"{target:04d}.parquet") in work.done:
            continue
        made = unlearn_from(NoneDelta(), unlearner, pipe, pair, data, seed=seed)
        drawn = partial(studio.answers, made.delta, run=f"{method} {pair.name}", method=method)
        everywhere = of_base or [drawn(range(len(asked)), generation.seeds)]
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
