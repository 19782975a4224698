"""Tables of sequences and of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import Canvas, canvas_of
from lethe.benchmarks.unlearncanvas.pairs import pair_table
from lethe.benchmarks.unlearncanvas.sequence_table import UNCHANGED, kept_of, matched_table, sequence_table
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import read_parquet, write_csv
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference


def tabulate_sequence(
    receivers: Path,
    emitters: Path,
    base: Path,
    answers: list[Path],
    table: Path,
    matched: Path,
    task: str,
    forget: Sequence[int],
    kept_styles: Sequence[str],
    kept_objects: Sequence[str],
    seeds: Sequence[int],
    settings: UnlearnCanvas,
    inference: Inference,
    retrained: Sequence[Path] = (),
) -> None:
    """Write what every model forgot and kept, and retention at equal UA.

    Args:
        base: answer set of the base, of which ``seeds`` are looked at. answers: of the methods' models.
        forget: indices of emitters, in order. kept_styles, kept_objects: by what retention is measured; empty: by all that is never
            forgotten.
        retrained: answers of the model that was trained without them, if there is one.
    """
    canvas = _canvas(receivers, emitters, settings)
    concepts = [canvas.concepts[index] for index in forget]
    drawn = read_parquet(base)
    drawn = drawn[drawn["seed"].isin(list(seeds))].assign(arm=UNCHANGED, step=0, strength=1.0, drift=np.nan, seconds=np.nan)
    every = pd.concat([drawn, *map(read_parquet, [*retrained, *answers])], ignore_index=True)
    found = sequence_table(task, every, canvas, concepts, kept_of(canvas, concepts, kept_styles, kept_objects), inference)
    write_csv(table, found)
    write_csv(matched, matched_table(found))


def tabulate_pairs(receivers: Path, emitters: Path, answers: list[Path], table: Path, task: str, settings: UnlearnCanvas) -> None:
    """Write UA, SC, OC and UP of every pair under every method."""
    write_csv(table, pair_table(task, [read_parquet(file) for file in answers], _canvas(receivers, emitters, settings)))


def _canvas(receivers: Path, emitters: Path, settings: UnlearnCanvas) -> Canvas:
    return canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
