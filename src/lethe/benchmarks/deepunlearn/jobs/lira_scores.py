"""The attacks of U-LiRA on the models of a study, and their gates."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pandas as pd

from lethe.benchmarks.deepunlearn import ulira
from lethe.benchmarks.deepunlearn.gates import lira_gates
from lethe.benchmarks.deepunlearn.lira import read_methods
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.benchmarks.deepunlearn.ulira_tables import attack_table, pairs_table, retained_table, roc_table, samples_table
from lethe.classifiers.distance import ORIGINAL, RETRAINED
from lethe.io.gates import write_gates
from lethe.io.tables import write_csv, write_parquet
from lethe.settings.classifiers import Lira


def attack_models(
    said: list[Path],
    table: Path,
    pairs: Path,
    retained: Path,
    by_sample: Path,
    roc: Path,
    gates: Path,
    methods: list[str],
    lira: Lira,
    alpha: float,
    seed: int,
) -> None:
    """Attack the models of every method in every variant; all but the first table are of the default one.

    Args:
        said: what models say, in the order of ``methods``.
        table: a row per variant and method. pairs: of methods. by_sample: a row per method and sample.
        retained: the same attack on what was to be kept.
        methods: their names, both references among them.
        alpha: intervals cover 1 - alpha.
    """
    outputs = read_methods(said, methods)
    samples = outputs[ORIGINAL][0].shape[2]
    splits = lira_splits(samples, splits=lira.splits, forgets=lira.forget_sets)
    forgotten, unseen = splits.forgotten(), splits.never_seen()
    tables = []
    for variant in get_args(ulira.Variant):  # one after another: what intervals rest on is large
        default = variant == ulira.DEFAULT
        attacks = {name: ulira.attack(*models, forgotten, unseen, variant, seed, default) for name, models in outputs.items()}
        tables.append(attack_table(attacks, 1 - alpha))
        if default:
            write_csv(pairs, pairs_table(attacks, alpha))
            write_parquet(by_sample, samples_table(outputs, attacks, splits, ORIGINAL))
            write_parquet(roc, roc_table(attacks))
            write_gates(gates, lira_gates(attacks, RETRAINED, ORIGINAL))
    write_csv(table, pd.concat(tables, ignore_index=True))
    write_csv(retained, retained_table(outputs, splits, ORIGINAL, 1 - alpha, seed))
