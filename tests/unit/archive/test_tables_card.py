"""What a published data set says of its tables: a card that the Hub reads, Croissant metadata, and both at the hub."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
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
from lethe.archive.manifest import MANIFEST, write_manifest
from lethe.archive.tables_card import CONFORMS, FORMAT, write_tables
from lethe.dictionary.jobs.card import describe

CITATION = Path(__file__).parents[3] / "CITATION.cff"
REPOSITORY = "owner/lethe-smoke"
COLUMNS = {
    "relations_objects": {"task": "sc:Text", "value": "sc:Float", "n": "sc:Integer", "published_significant": "sc:Boolean"},
    "pairs_objects": {"task": "sc:Text", "value": "sc:Float", "emitter": "sc:Integer"},
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A world with three tables, one of which the viewer cannot show, a bundle, a manifest, and what describes them."""
    folder = tmp_path / "results/smoke"
    (folder / "tables").mkdir(parents=True)
    table = pd.DataFrame({"task": ["objects", "objects"], "value": [0.5, None]})
    table.assign(n=[0, 1], published_significant=[True, False]).to_csv(folder / "tables/relations_objects.csv", index=False)
    table.assign(emitter=[0, 1]).to_parquet(folder / "pairs_objects.parquet")
    (folder / "interference_per_entity_objects.json").write_text("[]")
    bundle = write_bundle(folder / "publish/bundles/tables.tar", folder, ["pairs_objects.parquet"], "tables")
    write_manifest(folder / "publish" / MANIFEST, "smoke", {}, [bundle])
    manifest, address = folder / "publish" / MANIFEST, "https://huggingface.co/datasets/owner/lethe-smoke"
    describe(manifest, named(folder), CITATION, folder / "publish/card", "smoke", "", "cc-by-4.0", address, ["uce"], ["ft"])
    return folder


def number(columns: dict[str, str]) -> str:
    """The column that holds 0 and 1."""
    return next(name for name, kind in columns.items() if kind == "sc:Integer")


def named(folder: Path) -> list[Path]:
    return [folder / "tables/relations_objects.csv", folder / "pairs_objects.parquet"]


def test_every_table_is_a_configuration_whose_file_is_there(results: Path) -> None:
    card = DatasetCard.load(results / "publish/card/README.md")
    head = card.data.to_dict()
    assert head["license"] == "cc-by-4.0" and "machine-unlearning" in head["tags"]
    assert [config["config_name"] for config in head["configs"]] == ["relations_objects", "pairs_objects"]
    assert [config.get("default", False) for config in head["configs"]] == [True, False]
    for config in head["configs"]:
        # one format: `datasets` takes one reader for all
        table = pd.read_parquet(results / "publish/card" / config["data_files"])
        own = COLUMNS[config["config_name"]]
        assert set(table.columns) == set(own) and table[number(own)].tolist() == [0, 1]
    for told in (
        "| `relations_objects` | a method, a statistic per entity and an attribute: are they related? | 2 | 4 |",
        "[columns.md](columns.md)",
        'load_dataset("owner/name", "relations_objects")',
        "- `tables.tar`",
    ):
        assert told in card.text
    columns = (results / "publish/card/columns.md").read_text()
    assert "| `emitter` | integer |  |  | index of the entity that was unlearned |" in columns and "| `uce` | UCE |" in columns


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
        entry = files[f"data/{file.stem}.parquet"]
        written = results / "publish/card" / entry["contentUrl"]
        assert entry["sha256"] == hashlib.sha256(written.read_bytes()).hexdigest() and entry["encodingFormat"] == FORMAT
    assert {record["@id"] for record in found["recordSet"]} == {"relations_objects", "pairs_objects"}
    for record in found["recordSet"]:
        types = {field["name"].split("/")[1]: field["dataType"] for field in record["field"]}
        assert types == COLUMNS[record["@id"]] and all(field["description"] for field in record["field"])
        assert all(field["source"]["fileObject"]["@id"] in files for field in record["field"])


def test_croissant_is_valid_and_reads_the_tables(results: Path) -> None:
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(results / "publish/card/croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    (first, _) = dataset.records("relations_objects")
    assert first["relations_objects/task"] == b"objects" and first["relations_objects/value"] == 0.5


def test_two_tables_of_one_name_are_refused(results: Path, tmp_path: Path) -> None:
    (results / "relations_objects.parquet").write_bytes((results / "pairs_objects.parquet").read_bytes())
    with pytest.raises(ManifestError, match="another table is called 'relations_objects', too"):
        files = [*named(results), results / "relations_objects.parquet"]
        write_tables(files, tmp_path, dict.fromkeys(files, ("a row", {})))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # see tests/hub_server.py
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    monkeypatch.setenv("HF_TOKEN", HUB_TOKEN)
    with HubServer() as hub:
        yield hub


def published(hub: HubServer, results: Path) -> dict[str, Any]:
    place, receipt = results / "publish", results / "publish/receipt.json"
    upload(place / MANIFEST, place / "card", receipt, REPOSITORY, hub.endpoint)
    return json.loads(receipt.read_text())


def test_record_card_and_tables_are_in_one_repository(hub: HubServer, results: Path) -> None:
    receipt = published(hub, results)
    tree = hub.tree(REPOSITORY)
    tables = {"data/relations_objects.parquet", "data/pairs_objects.parquet"}
    assert set(tree) == {"tables.tar", MANIFEST, "README.md", "columns.md", "croissant.json", *tables}
    for config in DatasetCard(tree["README.md"].decode()).data.to_dict()["configs"]:
        assert config["data_files"] in tree
    assert receipt["commit"] == hub.oid(REPOSITORY) and hub.visibility == {REPOSITORY: "private"}
    for entry in receipt["files"]:
        assert entry["sha256"] == hashlib.sha256(tree[entry["name"]]).hexdigest()
    commits = len(hub.repositories[REPOSITORY])
    assert published(hub, results) == receipt and len(hub.repositories[REPOSITORY]) == commits


def test_the_hub_gives_the_tables_as_data_sets(hub: HubServer, results: Path, tmp_path: Path) -> None:
    published(hub, results)
    code = "import sys; from datasets import load_dataset; load_dataset(*sys.argv[1:3])['train'].to_parquet(sys.argv[3])"
    asked = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    for name in ("relations_objects", "pairs_objects"):
        read = tmp_path / f"{name}.parquet"
        subprocess.run([sys.executable, "-c", code, REPOSITORY, name, str(read)], env=os.environ | asked, check=True)
        assert pd.read_parquet(read)[number(COLUMNS[name])].tolist() == [0, 1]


def test_a_model_is_pushed_with_its_card(hub: HubServer, tmp_path: Path) -> None:
    folder = tmp_path / "objects_003_uce_000"
    (folder / "unet").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "unet/weights.safetensors").write_bytes(b"x" * 1000)
    (folder / ".snakemake_timestamp").touch()
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
