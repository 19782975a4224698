"""The mini world's models from nothing: every training rule for three steps, put together as the folders that everything else reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.workflow.conftest import clone_to

pytestmark = pytest.mark.workflow
RESULTS = "results/train"


def test_training_from_nothing_runs(tmp_path: Path) -> None:
    clone = clone_to(tmp_path / "le the")  # its own: what is trained in one for dry runs would be planned no more
    folders = [f"{RESULTS}/base/objects", *[f"{RESULTS}/evaluators/{name}" for name in ("clip", "backbone", "judge")]]
    retrained = f"{RESULTS}/parts/retrain_objects_003.safetensors"
    clone.snakemake("-c2", *folders, retrained, config="tests/workflow/train.yaml")
    assert (clone.folder / folders[0] / "model_index.json").exists()
    record = json.loads((clone.folder / retrained).with_suffix(".json").read_text())
    metadata = json.loads((clone.folder / RESULTS / "metadata_objects_2_enriched_filtered.json").read_text())
    assert record["exclude"] == f"objects/{metadata[3]['name']}"
    assert record["steps"] == 3 and len(record["weights_sha256"]) == len(record["images_sha256"]) == 64
    full = json.loads((clone.folder / RESULTS / "parts/base_objects.json").read_text())
    assert full["exclude"] is None and full["weights_sha256"] != record["weights_sha256"]
