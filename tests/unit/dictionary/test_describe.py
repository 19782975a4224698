"""README and Data Package of a world's tables."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Package

from lethe.core.columns import UndescribedError
from lethe.dictionary.jobs.describe import describe

HARM = {"method": "uce", "method_name": "UCE", "quantity": "ssim", "emitters": 2, "pairs": 4, "harmed": 1}
HARM |= {"share": 0.25, "low": 0.0, "high": 0.5, "by_chance": 0.025}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A world with a table of each form."""
    (tmp_path / "tables").mkdir()
    pd.DataFrame([HARM, HARM | {"share": None}]).to_csv(tmp_path / "tables/harm_objects.csv", index=False)
    gate = {"gate": "none_is_zero", "value": 0.0, "target": 0.0, "holds": True, "how": "largest deviation"}
    (tmp_path / "tables/gates_objects.json").write_text(json.dumps([gate]))
    pairs = {"task": "objects", "method": "uce", "epochs": 0, "emitter": 0, "receiver": 1, "metric": "ssim", "value": 0.5}
    pd.DataFrame([pairs | {"left_out": 0}]).to_parquet(tmp_path / "pairs_objects.parquet")
    (tmp_path / "noise_floor_objects.json").write_text("{}")  # no table
    return tmp_path


def told(world: Path) -> tuple[str, dict[str, object]]:
    readme, package = world / "tables/README.md", world / "tables/datapackage.json"
    describe([], readme, package, "smoke", ["uce"], ["ft"])
    return readme.read_text(), json.loads(package.read_text())


def test_the_readme_tells_tables_columns_and_names(world: Path) -> None:
    text, _ = told(world)
    for line in (
        "| `tables/harm_{task}.csv` | a method and a quantity: how many pairs lose more than two seeds of the base differ | 1 |",
        "| `share` | number | share, 0 to 1 | lower | mean over emitters of the share that is harmed |",
        "| `uce` | UCE | diffusion model |",
        "Here: `pairs_objects.parquet`.",
    ):
        assert line in text
    assert "noise_floor" not in text and "similarity_{task}" not in text


def test_the_package_is_valid_and_so_are_the_tables_under_it(world: Path) -> None:
    _, package = told(world)
    assert [resource["path"] for resource in package["resources"]] == ["gates_objects.json", "harm_objects.csv"]
    report = Package(str(world / "tables/datapackage.json")).validate()
    assert report.valid and report.stats["tasks"] == 2
    (world / "tables/harm_objects.csv").write_text(f"{','.join(HARM)}\nuce,UCE,ssim,two,4,1,0.2,0,0.5,0.025\n")
    assert not Package(str(world / "tables/datapackage.json")).validate().valid


def test_a_column_that_nobody_describes_stops_the_job(world: Path) -> None:
    pd.DataFrame([HARM | {"shares": 1}]).to_csv(world / "tables/harm_objects.csv", index=False)
    with pytest.raises(UndescribedError, match=r"column 'shares' is not described.*did you mean 'share'"):
        told(world)
