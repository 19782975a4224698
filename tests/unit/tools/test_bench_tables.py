"""The benchmarks of tables at a small size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.icare.jobs.tables import join_methods
from lethe.io.tables import read_json
from lethe.tools.speed.entity_tables import ENTITIES, EPOCHS, compare, tabulate, write_pairs
from lethe.tools.speed.tables_memory import FIGURES, METHODS, measure, run_alone

RULES = ["interference_of_emitters", "method_tables", "task_tables", "noise_floor", "harm", "summary", "relations"]


def test_every_job_of_tables_runs_on_synthetic_scores(tmp_path: Path) -> None:
    found = measure(12, 2, tmp_path)
    assert list(found) == [*RULES, *FIGURES]
    assert all(used.cpu_seconds > 0 and 50 < used.peak_mb < 1000 for used in found.values())
    pairs = pd.read_parquet(tmp_path / "pairs.parquet")
    assert pairs.groupby(["method", "metric"], observed=True).size().eq(12 * 12).all()
    assert sorted(pairs["method"].unique()) == sorted(METHODS[:2])


def test_the_memory_of_a_job_is_that_of_its_own_process(tmp_path: Path) -> None:
    ballast = np.ones(80_000_000)  # 640 MB of the parent
    for name in ("a", "b"):
        (tmp_path / f"{name}.parquet").write_bytes(rows(name))
        (tmp_path / f"{name}.json").write_text('[{"name": "x"}]')
    used = run_alone(
        join_methods,
        pairs_of_methods=[tmp_path / "a.parquet", tmp_path / "b.parquet"],
        entities_of_methods=[tmp_path / "a.json", tmp_path / "b.json"],
        pairs=tmp_path / "pairs.parquet",
        entities=tmp_path / "entities.json",
    )
    assert used.peak_mb < 500 < ballast.nbytes / 1e6


def rows(method: str) -> bytes:
    return pd.DataFrame({"method": [method], "value": [0.5]}).to_parquet()


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)join_methods failed .*FileNotFoundError"):
        run_alone(
            join_methods,
            pairs_of_methods=[tmp_path / "lost.parquet"],
            entities_of_methods=[],
            pairs=tmp_path / "pairs.parquet",
            entities=tmp_path / "entities.json",
        )


def test_both_forms_hold_the_same_pairs(tmp_path: Path) -> None:
    write_pairs(tmp_path, entities=3)
    found = tabulate(tmp_path, "breeds")
    assert set(found) == set(EPOCHS["breeds"])
    written = read_json(tmp_path / "assets/datasets/interferences_caused_by_breeds_1_munba_50.json")
    assert found["munba"]["rmse_published"][1].tolist() == [pair["rmse"] for pair in written.values()]
    assert ENTITIES == 100


def test_without_the_reference_it_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make test-reference"):
        compare(tmp_path, tmp_path)
