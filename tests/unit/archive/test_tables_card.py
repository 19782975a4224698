"""What a published data set says of its tables: a card that the Hub reads, Croissant metadata, and both at the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from huggingface_hub import DatasetCard
from tests.hub_server import HUB_TOKEN, HubServer

from lethe.archive.bundle import write_bundle
from lethe.archive.errors import ManifestError, TokenError
from lethe.archive.jobs.hub import upload
from lethe.archive.jobs.hub_model import upload as upload_model
from lethe.archive.jobs.tables_card import describe
from lethe.archive.manifest import MANIFEST, write_manifest
from lethe.archive.tables_card import CONFORMS, FORMATS, tables_of

CITATION = Path(__file__).parents[3] / "CITATION.cff"
REPOSITORY = "owner/lethe-smoke"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A world with three tables, one of which the viewer cannot show, a bundle, a manifest, and what describes them."""
    folder = tmp_path / "results/smoke"
    (folder / "tables").mkdir(parents=True)
    table = pd.DataFrame({"task": ["objects", "objects"], "emitter": [0, 1], "value": [0.5, None], "holds": [True, False]})
    table.to_csv(folder / "tables/unlearning_objects.csv", index=False)
    table.to_parquet(folder / "pairs_objects.parquet")
    (folder / "interference_per_entity_objects.json").write_text("[]")
    bundle = write_bundle(folder / "publish/bundles/tables.tar", folder, ["pairs_objects.parquet"], "tables")
    write_manifest(folder / "publish" / MANIFEST, "smoke", {}, [bundle])
    card = folder / "publish/card"
    describe(
        *(folder / "publish" / MANIFEST, named(folder), CITATION, card / "README.md", card / "croissant.json"),
        *("smoke", "", "cc-by-4.0", "https://huggingface.co/datasets/owner/lethe-smoke"),
    )
    return folder


def named(folder: Path) -> list[Path]:
    return [folder / "tables/unlearning_objects.csv", folder / "pairs_objects.parquet"]


def test_every_table_is_a_configuration_whose_file_is_there(results: Path) -> None:
    card = DatasetCard.load(results / "publish/card/README.md")
    head = card.data.to_dict()
    assert head["license"] == "cc-by-4.0" and "machine-unlearning" in head["tags"]
    assert [config["config_name"] for config in head["configs"]] == ["unlearning_objects", "pairs_objects"]
    assert [config.get("default", False) for config in head["configs"]] == [True, False]
    for config in head["configs"]:
        read = {".csv": pd.read_csv, ".parquet": pd.read_parquet}[Path(config["data_files"]).suffix]
        assert list(read(results / config["data_files"]).columns) == ["task", "emitter", "value", "holds"]
    for told in ("| `unlearning_objects` | 2 | 4 |", 'load_dataset("owner/name", "unlearning_objects")', "- `tables.tar`"):
        assert told in card.text


def test_croissant_tells_files_hashes_and_types(results: Path) -> None:
    found = json.loads((results / "publish/card/croissant.json").read_text())
    assert (
        found["conformsTo"] == CONFORMS
        and found["name"] == "lethe-smoke"
        and found["creator"]
        and found["license"] == "cc-by-4.0"
    )
    files = {entry["@id"]: entry for entry in found["distribution"]}
    for file in named(results):
        entry = files[file.relative_to(results).as_posix()]
        assert (
            entry["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest() and entry["encodingFormat"] == FORMATS[file.suffix]
        )
    assert {record["@id"] for record in found["recordSet"]} == {"unlearning_objects", "pairs_objects"}
    for record in found["recordSet"]:
        types = [field["dataType"] for field in record["field"]]
        assert types == ["sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"]
        assert all(field["source"]["fileObject"]["@id"] in files for field in record["field"])


@pytest.mark.skipif(importlib.util.find_spec("mlcroissant") is None, reason="mlcroissant is not installed")
def test_croissant_is_valid_and_reads_the_tables(results: Path) -> None:
    import mlcroissant

    for file in (results / "publish/card").iterdir():
        (results / file.name).write_bytes(file.read_bytes())
    dataset = mlcroissant.Dataset(jsonld=str(results / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    (first, _) = dataset.records("unlearning_objects")
    assert first["unlearning_objects/task"] == b"objects" and first["unlearning_objects/value"] == 0.5


def test_two_tables_of_one_name_are_refused(results: Path) -> None:
    (results / "unlearning_objects.parquet").write_bytes((results / "pairs_objects.parquet").read_bytes())
    with pytest.raises(ManifestError, match="two tables are called 'unlearning_objects'"):
        tables_of([*named(results), results / "unlearning_objects.parquet"], results)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # see tests/hub_server.py
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    monkeypatch.setenv("HF_TOKEN", HUB_TOKEN)
    with HubServer() as hub:
        yield hub


def published(hub: HubServer, results: Path) -> dict[str, Any]:
    place, receipt = results / "publish", results / "publish/receipt.json"
    upload(
        place / MANIFEST,
        place / "card/README.md",
        place / "card/croissant.json",
        named(results),
        receipt,
        REPOSITORY,
        hub.endpoint,
    )
    return json.loads(receipt.read_text())


def test_record_card_and_tables_are_in_one_repository(hub: HubServer, results: Path) -> None:
    receipt = published(hub, results)
    tree = hub.tree(REPOSITORY)
    assert set(tree) == {
        *("tables.tar", MANIFEST, "README.md", "croissant.json", "tables/unlearning_objects.csv", "pairs_objects.parquet")
    }
    for config in DatasetCard(tree["README.md"].decode()).data.to_dict()["configs"]:
        assert config["data_files"] in tree
    assert receipt["commit"] == hub.oid(REPOSITORY) and hub.visibility == {REPOSITORY: "private"}
    for entry in receipt["files"]:
        assert entry["sha256"] == hashlib.sha256(tree[entry["name"]]).hexdigest()
    commits = len(hub.repositories[REPOSITORY])
    assert published(hub, results) == receipt and len(hub.repositories[REPOSITORY]) == commits


@pytest.mark.skipif(importlib.util.find_spec("datasets") is None, reason="datasets is not installed")
def test_the_tables_are_data_sets(hub: HubServer, results: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    published(hub, results)
    for name, data in hub.tree(REPOSITORY).items():
        (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clone" / name).write_bytes(data)
    for name in ("unlearning_objects", "pairs_objects"):
        table = load_dataset(str(tmp_path / "clone"), name, cache_dir=str(tmp_path / "cache"))["train"].to_pandas()
        assert table["emitter"].tolist() == [0, 1]


def test_a_model_is_pushed_with_its_card(hub: HubServer, tmp_path: Path) -> None:
    folder = tmp_path / "objects_003_uce_000"
    (folder / "unet").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "unet/weights.safetensors").write_bytes(b"x" * 1000)
    upload_model(folder, tmp_path / "receipt.json", "owner/model", hub.endpoint)
    assert set(hub.tree("owner/model")) == {"README.md", "unet/weights.safetensors"}
    assert hub.visibility == {"owner/model": "private"}
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert receipt["commit"] == hub.oid("owner/model") and len(receipt["files"]) == 2


def test_a_refused_token_is_named_nowhere(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_another0ne")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/README.md").write_text("---\nlicense: mit\n---\n")
    with pytest.raises(TokenError, match="owner/model: .*401") as caught:
        upload_model(tmp_path / "model", tmp_path / "receipt.json", "owner/model", hub.endpoint)
    assert "hf_another0ne" not in str(caught.value) and caught.value.__context__ is None
