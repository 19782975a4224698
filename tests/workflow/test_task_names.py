"""A task called ``style50_a``, run for real from settings to a figure, the explorer and a bundle."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import Clone

pytestmark = pytest.mark.workflow
CONFIG = "tests/workflow/names.yaml"
RESULTS = Path("results/names_2")
WANTED = [
    "similarity_weights_uce_style50_a.json",
    "figures/interference_matrix_style50_a_clip_diff.png",
    "explorer/style50_a/overview.js",
    "publish/bundles/images_style50_a_uce.tar",
    "images/style50_a_003_uce_000/007_42.png",
]


def test_a_task_of_digits_and_underscores_runs_from_settings_to_figure(clone: Clone) -> None:
    clone.snakemake("-c2", "--", *[str(RESULTS / name) for name in WANTED], config=CONFIG)
    folder = clone.folder / RESULTS
    assert [name for name in WANTED if not (folder / name).exists()] == []
    pairs = pd.read_parquet(folder / "pairs_style50_a.parquet")
    assert set(pairs["task"]) == {"style50_a"} and set(pairs["method"]) == {"uce"}
    assert not list(folder.rglob("*style50_[0-9]*"))  # nothing of the task whose name begins alike was asked for
