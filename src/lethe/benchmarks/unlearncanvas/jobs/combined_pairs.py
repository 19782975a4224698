"""Models of styles and of objects put together in the place of a model of one cell, drawn and judged; and their table."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas.combined_pairs import WEIGHTS, combined_table, parts_of
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.pairs import Cells, pairs_of
from lethe.benchmarks.unlearncanvas.studio import CanvasStudio, CanvasStudioSettings
from lethe.core.records import ModelId
from lethe.diffusion.composition import combined
from lethe.diffusion.delta import load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_parquet, write_csv, write_parquet
from lethe.settings.unlearncanvas import UnlearnCanvas

ANSWERS = "answers.parquet"
log = logging.getLogger(__name__)


def combine_pairs(
    base: Path,
    receivers: Path,
    emitters: Path,
    deltas: list[Path],
    evaluators: list[Path],
    answers: Path,
    task: str,
    method: str,
    models: Sequence[str],
    cells: Cells,
    target_seeds: Sequence[int],
    settings: CanvasStudioSettings,
    threads: int,
    work: WorkFolder,
) -> None:
    """Put the two models of every pair together, draw all cells and judge them; what is finished survives a killed job.

    Args:
        deltas: of ``models``, those of the method. answers: an answer set with ``target, arm, seconds``.
        cells, target_seeds, settings, evaluators: as for ``lethe.benchmarks.unlearncanvas.jobs.pairs.forget_pairs``.
    """
    studio = CanvasStudio.load(base, receivers, emitters, evaluators, settings, task=task, threads=threads)
    digest = base_digest(base)
    files = {ModelId.parse(name).index: delta for name, delta in zip(models, deltas, strict=True)}
    pairs = parts_of(studio.canvas, pairs_of(studio.canvas, cells), files)
    tables = []
    for pair in pairs:
        others = [cell for cell in range(len(studio.receivers)) if cell != pair.cell]
        for arm, weight in WEIGHTS.items():
            if (name := f"{pair.cell:04d}_{arm}.parquet") not in work.done:
                parts = [(weight, load_delta(files[index], base=digest)) for index in (pair.style, pair.object)]
                run = f"{method} {studio.receivers[pair.cell].name} {arm}"
                drawn = partial(studio.answers, combined(studio.pipe, parts), run=run, method=method)
                found = [drawn(others, settings.seeds), drawn([pair.cell], target_seeds)]
                table = pd.concat(found, ignore_index=True).assign(target=pair.cell, arm=arm, seconds=0.0)
                work.finish(name, partial(write_parquet, table=table))
                log.info("%s: %s, %s", method, studio.receivers[pair.cell].name, arm)
            tables.append(read_parquet(work.path(name)))
    work.finish(ANSWERS, partial(write_parquet, table=pd.concat(tables, ignore_index=True)))
    work.hand_over({ANSWERS: answers})


def tabulate_combined(
    receivers: Path, emitters: Path, direct: list[Path], answers: list[Path], table: Path, task: str, settings: UnlearnCanvas
) -> None:
    """Write UA, SC, OC and UP of every pair, forgotten by a model of its own and by two put together."""
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    direct_sets, sets = ([read_parquet(file) for file in files] for files in (direct, answers))
    write_csv(table, combined_table(task, direct_sets, sets, canvas))
