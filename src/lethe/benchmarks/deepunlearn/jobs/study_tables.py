"""The tables of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.benchmarks.deepunlearn.study_gates import gate_original_above_floor, gate_search_above_exact
from lethe.benchmarks.deepunlearn.tables import chance_level, study_tables
from lethe.classifiers.found import Found, found_of_study
from lethe.io.gates import write_gates
from lethe.io.tables import read_parquet, write_csv
from lethe.io.tensors import read_tensors


def tabulate(
    data: Path,
    scores: Path,
    times: Path,
    methods: Path,
    seeds: Path,
    floor: Path,
    pairs: Path,
    groups: Path,
    ranks: Path,
    study_gates: Path,
    search_gates: Path,
    architecture: str,
    shipped: dict[str, Found],
    alpha: float,
    searches: Sequence[Path] = (),
) -> None:
    """Write means and intervals over seeds, which methods differ, the noise floor, the scores of every seed, and gates.

    Args:
        shipped: method -> what the configuration keeps for it.
        alpha: 1 - coverage of the intervals, and level of the tests.
        searches: what the searches of the methods found, where these are used.
    """
    tensors, _ = read_tensors(data)
    chance = chance_level(tensors["labels"][tensors["test"]].numpy())
    table = read_parquet(scores)
    hyperparameters = found_of_study(shipped, searches)
    found = study_tables(table, read_parquet(times), hyperparameters, architecture, chance, 1 - alpha)
    for path, content in zip((methods, floor, pairs, groups, ranks), found, strict=True):
        write_csv(path, content)
    write_csv(seeds, table)
    write_gates(study_gates, [gate_original_above_floor(table, found.floor)])
    write_gates(search_gates, [gate_search_above_exact(hyperparameters)])
