"""The paper world's way from files to metadata, by Snakemake, over small files that were put by hand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from tests import paper_world
from tests.paper_world import PUBLISHED
from tests.workflow.conftest import Clone, clone_to

pytestmark = pytest.mark.workflow
PAPER = "config/paper.yaml"
TARGETS = ["results/paper/metadata_breeds_2_enriched_filtered.json", "results/paper/tables/selection_breeds.csv"]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = clone_to(tmp_path_factory.mktemp("paper") / "le the")
    (clone.folder / "data").mkdir()
    paper_world.write_breeds(clone.folder / "data")
    return clone


def test_breeds_come_from_archive_and_tables_to_the_published_metadata(paper: Clone) -> None:
    output = paper.snakemake("-c2", *TARGETS, config=PAPER)
    assert "7 of 7 steps" in output  # three downloads, unpack, source, metadata, selection
    metadata = json.loads((paper.folder / TARGETS[0]).read_text())
    assert [row["name"] for row in metadata] == PUBLISHED["breeds"]
    assert set(pd.read_csv(paper.folder / TARGETS[1])["reason"]) == {"popularity compared as text", "same"}
    shard = pd.read_parquet(paper.folder / "results/paper/sources/breeds.parquet")
    assert set(shard["entity"]) == set(PUBLISHED["breeds"]) and len(shard) == 200
    receipts = sorted(path.name for path in (paper.folder / "resources/downloads").glob("*.receipt.json"))
    assert receipts == [
        f"{name}.receipt.json" for name in ("akc-data-latest.csv", "dog_breeds.zip", "dog_breeds_pawsomeauthority.csv")
    ]

    # the same breeds, described by fewer columns, without the table that is put by hand
    by_rules = TARGETS[0].replace("paper/", "paper_fetched/")
    paper.snakemake("-c2", "--configfile", PAPER, "config/paper_fetched.yaml", "--", by_rules, config=None)
    described = json.loads((paper.folder / by_rules).read_text())
    assert [row["name"] for row in described] == PUBLISHED["breeds"]
    assert "group_pawsome" in metadata[0] and "group_pawsome" not in described[0] and "group_akc" in described[0]

    # a table that changed since the first time is an error and not a new result; one that nobody can fetch says how to get it
    table = paper.folder / "data/akc-data-latest.csv"
    replacement = Path(f"{table}.new")  # the first was linked, not copied
    replacement.write_text(table.read_text().replace("Daily", "Weekly"))
    os.replace(replacement, table)
    changed = paper.snakemake("-c2", TARGETS[0], config=PAPER, check=False)
    assert changed.startswith("exit 1") and "akc-data-latest.csv.receipt.json" in changed
    missing = paper.snakemake("-c2", "resources/downloads/lfw_race.csv", config=PAPER, check=False)
    assert missing.startswith("exit 1") and re.search(
        "data/lfw_race.csv is missing.*a table name,race,method,image,date", missing
    )
