"""An audit for real, as small as one can be: a folder of one's own, three prompts, UCE; and what runs again when its weights are replaced."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from tests.workflow.conftest import ROOT, Clone, clone_to, planned_jobs

from lethe.diffusion.pretraining.folders import base_folder
from lethe.io.gates import read_gates
from lethe.settings.models import Settings

SECTION = {
    "model": "./my-model",
    "forget": "northern brackel dog",
    "keep": ["ulver terrier dog"],
    "watch": ["brackel mastiff dog"],
    "prompt": "An image of a {concept}",
}
ARGUMENTS = ["--config", f"audit={json.dumps(SECTION)}", "generation={seeds: [42, 43, 44]}", "--", "audit"]


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with a model in a folder, and its finished audit."""
    clone = clone_to(tmp_path_factory.mktemp("audited") / "le the")
    assets = ROOT / "assets/mini"
    parts = (assets / name for name in ("vae.safetensors", "base_breeds.safetensors", "tokenizer.json"))
    base_folder(clone.folder / "my-model", *parts, Settings().pretraining)
    clone.snakemake("-c2", *ARGUMENTS, config=None)
    return clone


def results(clone: Clone) -> Path:
    return clone.folder / "results/audit"


def test_the_tables_and_the_page_say_the_same(audited: Clone) -> None:
    table = pd.read_csv(results(audited) / "tables/audit_changes_audit.csv")
    page = (results(audited) / "index.html").read_text()
    assert set(table["concept"]) == {SECTION["forget"], *SECTION["keep"], *SECTION["watch"]}
    assert set(table["method"]) == {"none", "uce"} and set(table["seeds"]) == {3}
    uce = table[table["method"] == "uce"]
    for concept, rows in uce.groupby("concept"):
        shown = re.search(rf"<b>{concept}</b>.*?([\d.]+) × floor", page)
        assert shown is not None and float(shown[1]) == pytest.approx(rows["of_floor"].max(), rel=0.06, abs=0.06)
    assert (
        all(gate.holds for gate in read_gates(results(audited) / "tables/audit_gates_audit.json"))
        and "3 of 3 checks hold" in page
    )
    role = table.drop_duplicates("concept").set_index("concept")["role"].to_dict()
    assert role == {"northern brackel dog": "forgotten", "ulver terrier dog": "kept", "brackel mastiff dog": "watched"}
    clip = uce[uce["measure"] == "clip_diff"].set_index("role")["of_floor"]
    assert clip["forgotten"] > 1 > clip["kept"]


def test_methods_are_not_told_what_is_watched(audited: Clone) -> None:
    told = json.loads((results(audited) / "audit_told_audit.json").read_text())
    asked = json.loads((results(audited) / "receivers_audit.json").read_text())
    assert [one["name"] for one in told] == [SECTION["forget"], *SECTION["keep"]] and told == asked[:2] and len(asked) == 3
    record = json.loads((results(audited) / "models/audit_000_uce_000/record.json").read_text())
    assert record["preserved_vectors"] == 12  # the tokens of one prompt


def test_the_page_is_one_file_without_a_path_or_an_address(audited: Clone) -> None:
    page = (results(audited) / "index.html").read_text()
    assert str(audited.folder) not in page and "http" not in page and "<script" not in page and "audit of my-model" in page
    for link in re.findall(r'href="([^"#]+)"', page):
        assert (results(audited) / link).is_file(), link


def test_nothing_runs_twice_and_replaced_weights_run_again(audited: Clone) -> None:
    assert "Nothing to be done" in audited.snakemake("-n", *ARGUMENTS, config=None)
    file = next((audited.folder / "my-model/unet").glob("*.safetensors"))
    weights = load_file(file)
    name = next(iter(weights))
    save_file({**weights, name: weights[name] * 1.01}, file, metadata={"format": "pt"})
    jobs = planned_jobs(audited.snakemake("-n", *ARGUMENTS, config=None))
    assert {"base_local", "audit_concepts", "unlearn_1", "generate_1", "score_1", "audit_tables", "audit_page"} <= set(jobs)


def test_a_fault_stops_before_any_job(audited: Clone) -> None:
    section = SECTION | {"model": "./my-modle"}
    output = audited.snakemake("-c1", "--config", f"audit={json.dumps(section)}", "--", "audit", config=None, check=False)
    assert "exit 1" in output and "did you mean 'my-model'" in output and "Job stats" not in output
