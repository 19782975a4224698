"""The RO-Crate of a run, judged by a validator that others wrote (rocrate-validator), without a network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_cache import CachedResponse, CachedSession
from rocrate.rocrate import ROCrate
from rocrate_validator.models import Severity
from rocrate_validator.services import ValidationSettings, validate

from lethe.archive.citation import Citation, read_citation
from lethe.archive.crate import run_crate
from lethe.archive.provenance import keep_workflow, run_record
from lethe.io.tables import read_json, write_json

ROOT = Path(__file__).parents[3]
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
PERSON = {"family-names": "Doe", "given-names": "J.", "orcid": "https://orcid.org/0000-0001-2345-678X", "affiliation": "X"}


def fill(folder: Path) -> list[Path]:
    """Real rules, the record of a run and small products of every kind; returns the products."""
    products = [folder / name for name in ("tables/a.csv", "figures/a.png", "pairs.parquet", "gates.json", "notebooks/a.html")]
    for path in products:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())
    (folder / "run_config.yaml").write_text("world: mini\n")
    (folder / "benchmarks/score").mkdir(parents=True)
    (folder / "benchmarks/score/all.tsv").write_text("s\tcpu_time\tmax_rss\n10\t9\t300\n")
    keep_workflow(ROOT, [ROOT / "Snakefile", *(ROOT / "rules").rglob("*.smk")], folder / "provenance/workflow")
    record = run_record(ROOT, "all", folder / "run_config.yaml", {}, folder / "benchmarks", {})
    write_json(folder / "provenance/run.json", record)
    return [*products, folder / "provenance/run.json"]


def describe(folder: Path, products: list[Path], citation: Citation | None = None) -> dict[str, Any]:
    """The crate of a filled folder."""
    return run_crate(
        folder,
        citation or read_citation(ROOT / "CITATION.cff"),
        read_json(folder / "provenance/run.json"),
        folder / "provenance/workflow/Snakefile",
        [folder / "run_config.yaml"],
        products,
    )


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crate") / "mini"
    write_json(folder / "ro-crate-metadata.json", describe(folder, fill(folder)))
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator's cache of addresses, holding the one it needs: the published context."""
    path = tmp_path_factory.mktemp("cache") / "http"
    content = (ROOT / "tests/data/ro-crate-1.1/context.jsonld").read_bytes()
    with CachedSession(cache_name=str(path), backend="sqlite", expire_after=-1) as session:
        key = session.cache.create_key(requests.Request("GET", CONTEXT).prepare())
        headers = {"Content-Type": "application/ld+json"}
        session.cache.responses[key] = CachedResponse(status_code=200, url=CONTEXT, content=content, headers=headers)
    return path


def faults(folder: Path, cache: Path) -> list[str]:
    """What the validator objects to."""
    settings = ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="workflow-run-crate",
        requirement_severity=Severity.REQUIRED,
        offline=True,
        cache_path=cache,
    )
    return [f"{issue.check.identifier}: {issue.message}" for issue in validate(settings).get_issues()]


def test_the_validator_accepts_it(crate: Path, cache: Path) -> None:
    assert faults(crate, cache) == []


def test_the_validator_would_object(crate: Path, cache: Path, tmp_path: Path) -> None:
    content = read_json(crate / "ro-crate-metadata.json")
    content["@graph"] = [entity for entity in content["@graph"] if entity["@id"] != "#run"]
    write_json(tmp_path / "ro-crate-metadata.json", content)
    assert any("workflow-run-crate" in fault for fault in faults(tmp_path, cache))


def test_every_file_has_its_size_and_hash(crate: Path) -> None:
    read = ROCrate(crate)
    action = read.get("#run")
    files = [*action["result"], action["object"], read.mainEntity]
    assert len(action["result"]) == 6
    for file in files:
        data = (crate / file.id).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest() and file["contentSize"] == str(len(data))
    assert read.mainEntity["programmingLanguage"]["name"] == "Snakemake"
    assert action["startTime"] < action["endTime"] == read.root_dataset["datePublished"]


def test_persons_and_entities_are_authors(tmp_path: Path) -> None:
    fields = {"title": "T", "abstract": "A", "version": "1", "license": "MIT", "authors": [PERSON, {"name": "Team"}]}
    content = describe(tmp_path, fill(tmp_path), Citation.model_validate(fields))
    entities = {entity["@id"]: entity for entity in content["@graph"]}
    assert entities[PERSON["orcid"]]["name"] == "J. Doe" and entities["#author-1"]["@type"] == "Organization"
    assert entities["#run"]["agent"] == entities["./"]["author"] == [{"@id": PERSON["orcid"]}, {"@id": "#author-1"}]


def test_equal_files_give_equal_crates(tmp_path: Path) -> None:
    products = fill(tmp_path)
    assert describe(tmp_path, products) == describe(tmp_path, products)


def test_a_file_outside_the_crate_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "mini")
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(ValueError, match="b.csv"):
        describe(tmp_path / "mini", [tmp_path / "b.csv"])
