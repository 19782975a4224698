"""Models of styles and of objects put together in the place of a model of one cell, drawn and judged; and their table."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas.combined_pairs import WEIGHTS, combined_table, parts_of
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.drawn import Studio
from lethe.benchmarks.unlearncanvas.pairs import Cells, pairs_of
from lethe.core.device import resolve_device
from lethe.core.records import ModelId
from lethe.diffusion.composition import combined
from lethe.diffusion.delta import load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_parquet, write_csv, write_parquet
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring
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
    settings: UnlearnCanvas,
    scoring: Scoring,
    evaluator_settings: dict[str, Evaluator],
    generation: Generation,
    world: str,
    device: str,
    dtype: str,
    threads: int,
    work: WorkFolder,
) -> None:
    """Put the two models of every pair together, draw all cells and judge them; what is finished survives a killed job.

    Args:
        deltas: of ``models``, those of the method. answers: an answer set with ``target, arm, seconds``.
        cells, target_seeds, generation, evaluators: as for ``lethe.benchmarks.unlearncanvas.jobs.pairs.forget_pairs``.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    there, canvas, digest = resolve_device(device), canvas_of(asked, forgotten, settings), base_digest(base)
    files = {ModelId.parse(name).index: delta for name, delta in zip(models, deltas, strict=True)}
    pairs = parts_of(canvas, pairs_of(canvas, cells), files)
    pipe, folders = load_pipeline(base, device=there), dict(zip(evaluator_settings, evaluators, strict=True))
    studio = Studio.load(
        base, folders, evaluator_settings, asked, canvas, settings.judges, scoring, generation,
        world=world, task=task, device=there, dtype=dtype, threads=threads,
    )  # fmt: skip
    tables = []
    for pair in pairs:
        others = [cell for cell in range(len(asked)) if cell != pair.cell]
        for arm, weight in WEIGHTS.items():
            if (name := f"{pair.cell:04d}_{arm}.parquet") not in work.done:
                parts = [(weight, load_delta(files[index], base=digest)) for index in (pair.style, pair.object)]
                drawn = partial(
                    studio.answers, combined(pipe, parts), run=f"{method} {asked[pair.cell].name} {arm}", method=method
                )
                found = [drawn(others, generation.seeds), drawn([pair.cell], target_seeds)]
                table = pd.concat(found, ignore_index=True).assign(target=pair.cell, arm=arm, seconds=0.0)
                work.finish(name, partial(write_parquet, table=table))
                log.info("%s: %s, %s", method, asked[pair.cell].name, arm)
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
