"""All attacks on the models of a task, with their controls."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas.attack import attack_table
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import read_parquet, write_csv
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference


def tabulate(
    receivers: Path,
    emitters: Path,
    outcomes: list[Path],
    table: Path,
    references: dict[str, str],
    settings: UnlearnCanvas,
    inference: Inference,
) -> None:
    """Write one row per concept, method, model, attack and number of steps.

    Args:
        outcomes: a file per method and concept.
        references: role -> method: what changes nothing, and what was retrained, where a task has such models.
    """
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    rows = pd.concat(map(read_parquet, outcomes), ignore_index=True)
    write_csv(table, attack_table(rows, canvas.concepts, inference, references[UNCHANGED], references.get(RETRAINED)))
