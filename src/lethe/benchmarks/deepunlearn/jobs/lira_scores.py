"""The attacks of U-LiRA on the models of a study, and their gates."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.deepunlearn import ulira
from lethe.benchmarks.deepunlearn.gates import lira_gates
from lethe.benchmarks.deepunlearn.lira import read_outputs
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.io.gates import write_gates
from lethe.io.tables import write_csv, write_parquet
from lethe.settings.classifiers import Lira


def attack_models(
    said: list[Path], table: Path, roc: Path, gates: Path, methods: list[str], lira: Lira, bootstrap: int, seed: int
) -> None:
    """Attack the models of every method in every variant; curves and gates are of the default one.

    Args:
        said: what models say, one file per method.
        methods: their names, both references among them.
        bootstrap: draws.
    """
    outputs = {name: read_outputs(path) for name, path in zip(methods, said, strict=True)}
    samples = next(iter(outputs.values()))[0].shape[2]
    splits = lira_splits(samples, splits=lira.splits, forgets=lira.forget_sets)
    attacks = ulira.attack_all(outputs, splits.forgotten(), splits.never_seen(), seed=seed, draws=bootstrap)
    write_csv(table, pd.concat([ulira.table(by_method) for by_method in attacks.values()], ignore_index=True))
    write_parquet(roc, ulira.roc_table(attacks[ulira.DEFAULT]))
    write_gates(gates, lira_gates(attacks[ulira.DEFAULT]))
