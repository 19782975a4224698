"""All attacks on the models of a task, with their controls."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.attacks.table import Target, Unit, attack_table
from lethe.diffusion.testbed.receivers import read_emitters
from lethe.io.tables import read_parquet, write_csv
from lethe.statistics.resampling import Inference


def tabulate(
    emitters: Path,
    outcomes: list[Path],
    table: Path,
    references: dict[str, str],
    kinds: list[str],
    unit: Unit,
    inference: Inference,
) -> None:
    """Write one row per concept, method, model, attack and number of steps.

    Args:
        outcomes: a file per method and concept.
        references: role -> method: what changes nothing, and what was retrained, where a task has such models.
        kinds: of every emitter, in index order. unit: what is drawn anew for an interval.
    """
    targets = [Target(emitter.name, kind) for emitter, kind in zip(read_emitters(emitters), kinds, strict=True)]
    rows = pd.concat(map(read_parquet, outcomes), ignore_index=True)
    write_csv(table, attack_table(rows, targets, inference, references[UNCHANGED], references.get(RETRAINED), unit))
