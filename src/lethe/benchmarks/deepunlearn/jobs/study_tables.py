"""The tables of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.benchmarks.deepunlearn.tables import chance_level, study_tables
from lethe.classifiers.found import Found, found_of_study
from lethe.io.tables import read_parquet, write_csv
from lethe.io.tensors import read_tensors


def tabulate(
    data: Path,
    scores: Path,
    times: Path,
    methods: Path,
    seeds: Path,
    groups: Path,
    ranks: Path,
    architecture: str,
    shipped: dict[str, Found],
    alpha: float,
    searches: Sequence[Path] = (),
) -> None:
    """Write means and intervals over seeds, groups and ranks of methods, and the scores of every seed.

    Args:
        shipped: method -> what the configuration keeps for it.
        alpha: 1 - coverage of the intervals.
        searches: what the searches of the methods found, where these are used.
    """
    tensors, _ = read_tensors(data)
    chance = chance_level(tensors["labels"][tensors["test"]].numpy())
    table = read_parquet(scores)
    found = study_tables(table, read_parquet(times), found_of_study(shipped, searches), architecture, chance, 1 - alpha)
    write_csv(methods, found.methods)
    write_csv(groups, found.groups)
    write_csv(ranks, found.ranks)
    write_csv(seeds, table)
