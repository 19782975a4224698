"""A corpus that Vision Unlearning 1.0.0 wrote itself gives the 51 columns that its own pipeline computes of it."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lethe.archive.corpus.census import census
from lethe.archive.corpus.layout import Layout
from lethe.archive.corpus.read import read_published
from lethe.archive.corpus.tree import FolderTree
from lethe.archive.jobs.corpus_embeddings import take_embeddings
from lethe.archive.jobs.corpus_tables import join, tabulate, take_metadata, take_pairs
from lethe.core.records import ModelId
from lethe.io.tables import read_json

ROOT = Path(__file__).parents[3]
PACKAGES = os.environ.get("LETHE_REFERENCE", "")  # folder of the wheel; `make test-reference` says how it comes there
EMITTERS = {"uce": list(range(100)), "distil": [0, 3, 4, 11, 50, 51, 99]}
EPOCHS, EMBEDDED = {"uce": 0, "distil": 400}, 3
pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `assets` that it wrote."""
    assert (Path(PACKAGES) / "vision_unlearning").is_dir(), f"LETHE_REFERENCE is '{PACKAGES}'; run `make test-reference`"
    folder = tmp_path_factory.mktemp("reference")
    names = pd.read_csv(ROOT / "config/reference/entities_people.csv", comment="#")["name"].tolist()
    for name, content in (("names", names), ("emitters", EMITTERS)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    command = [sys.executable, str(ROOT / "tests/reference_tree.py"), PACKAGES, str(folder)]
    command += [str(folder / "names.json"), str(folder / "emitters.json")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "assets"


def imported(assets: Path, folder: Path) -> list[dict[str, Any]]:
    """What the rules make of it, with `fidelity: published`."""
    layout, metadata = Layout(), folder / "metadata.json"
    take_metadata(assets / layout.metadata("people"), metadata, list(range(100)))
    names = [record["name"] for record in read_json(metadata)]
    base = folder / "base.npz"
    take_embeddings([assets / layout.embeddings_of_base("people")], metadata, base, "person")
    for method, emitters in EMITTERS.items():
        models = [ModelId("people", index, method, EPOCHS[method]) for index in emitters]
        pairs, files = folder / f"pairs_{method}.parquet", [assets / layout.pairs(model) for model in models]
        take_pairs(files, metadata, pairs, [model.name for model in models], 100)
        embedded = models[:EMBEDDED]
        for model in embedded:
            published = assets / layout.embeddings("person", names[model.index], model)
            take_embeddings([published], metadata, folder / f"{model.name}.npz", "person")
        own = [folder / f"{model.name}.npz" for model in embedded]
        tabulate(metadata, pairs, folder / f"{method}.json", [model.name for model in embedded], "published", own, [base])
    tables = [[folder / f"pairs_{method}.parquet" for method in EMITTERS], [folder / f"{method}.json" for method in EMITTERS]]
    join(*tables, folder / "pairs.parquet", folder / "entities.json")
    result: list[dict[str, Any]] = read_json(folder / "entities.json")
    return result


def test_its_columns_are_those_of_its_own_pipeline(reference: Path, tmp_path: Path) -> None:
    theirs, ours = read_published(reference / "interference_per_entity_people.json"), imported(reference, tmp_path)
    columns = {key for record in theirs for key in record if key.startswith("metric_")}
    assert len(columns) == 2 * 51
    assert {key for key in ours[0] if key.startswith("metric_")} == columns
    compared = 0
    for index, record in enumerate(theirs):
        for method, emitters in EMITTERS.items():
            if index not in emitters:  # the reference gives such an entity no column; ours has what others do to it
                continue
            for column in (name for name in columns if name.startswith(f"metric_{method}_")):
                one, other = record[column], ours[index][column]
                assert (one is None) == (other is None), (column, index)
                if one is not None:
                    assert math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12), (column, index, one, other)
                    compared += 1
    assert compared == 107 * 50 + len(EMITTERS) * EMBEDDED  # all but the ratio of those without embeddings


def test_its_census(reference: Path) -> None:
    cells = {(cell.method, cell.kind): cell for cell in census(FolderTree(reference), read=True)}
    assert len(cells["uce", "pairs"].there) == 100 and not cells["uce", "pairs"].invalid
    assert len(cells["distil", "pairs"].there) == 7 and len(cells["distil", "pairs"].missing) == 93
    assert [len(cells[method, kind].there) for method in EMITTERS for kind in ("embeddings", "images")] == [EMBEDDED] * 4
    assert cells["", "images of the base"].there and not any(cell.invalid for cell in cells.values())
