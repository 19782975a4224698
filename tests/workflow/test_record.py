"""The record of a real run."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import Clone, planned_jobs

from lethe.io.tables import read_json

pytestmark = pytest.mark.workflow
RESULTS = Path("results/smoke")


def test_demo_and_all_have_their_own_products(clone: Clone) -> None:
    for target in ("demo", "all"):
        jobs = planned_jobs(clone.snakemake("-n", target, config=None))
        assert jobs["provenance"] == jobs["ro_crate"] == jobs["run_config"] == jobs["host"] == 1
        assert jobs["task_tables"] == {"demo": 2, "all": 4}[target]
    assert "provenance" not in planned_jobs(clone.snakemake("-n", "tables", config=None))


def test_the_record_of_a_run(finished: Clone, clone: Clone) -> None:
    record = read_json(finished.folder / RESULTS / "provenance/run.json")
    assert record["target"] == "all" and record["start"] < record["end"]
    assert record["code"]["commit"] is None and record["code"]["reason"]  # a copy of the working tree, no checkout
    configuration = (finished.folder / RESULTS / "run_config.yaml").read_bytes()
    assert record["configuration_sha256"] == hashlib.sha256(configuration).hexdigest()
    assert yaml.safe_load(configuration)["world"] == "smoke"
    planned = set(planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "all")))
    planned = {re.sub(r"_\d+$", "", name) for name in planned}  # batches of one model have a rule of their own
    assert set(record["rules"]) == planned - {"all", "provenance", "ro_crate"}
    assert record["rules"]["unlearn"]["jobs"] == 5 and record["rules"]["unlearn"]["seconds"] > 0
    assert set(record["rules"]) <= set(record["code"]["fingerprints"])
    assert set(record["code"]["fingerprints"]["unlearn"]) == {
        f"objects/{m}" for m in ("none", "uce", "distil", "munba", "retrain")
    }


def test_the_crate_lists_what_all_lists(finished: Clone) -> None:
    crate = read_json(finished.folder / RESULTS / "ro-crate-metadata.json")
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    results = {entry["@id"] for entry in entities["#run"]["result"]}
    assert {"pairs_objects.parquet", "tables/gates_objects.json", "figures/deepunlearn_ranking.png"} <= results
    for name in results:
        data = (finished.folder / RESULTS / name).read_bytes()
        assert entities[name]["sha256"] == hashlib.sha256(data).hexdigest(), name
