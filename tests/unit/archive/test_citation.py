"""CITATION.cff is valid, and .zenodo.json says what it says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lethe.archive.citation import CitationError, zenodo_json, zenodo_metadata

ROOT = Path(__file__).parents[3]
FULL = {
    "cff-version": "1.2.0",
    "message": "cite",
    "title": "T",
    "abstract": "A",
    "type": "dataset",
    "version": 1.5,
    "license": "MIT",
    "date-released": "2026-01-02",
    "repository-code": "https://example.org/code",
    "authors": [
        {
            "family-names": "Doe",
            "given-names": "J.",
            "affiliation": "X",
            "orcid": "https://orcid.org/0000-0001-2345-678X",
        },
        {"name": "A Team"},
    ],
    "preferred-citation": {"type": "article", "title": "P", "doi": "10.1234/p", "authors": [{"name": "x"}]},
    "references": [
        {"type": "data", "title": "D", "doi": "10.1234/d", "url": "https://example.org", "authors": [{"name": "x"}]},
        {"type": "article", "title": "R", "url": "https://example.org/r", "authors": [{"name": "x"}]},
    ],
}


def validate(content: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests/data/cff-1.2.0/schema.json").read_text())
    plain = json.loads(json.dumps(content, default=str))  # YAML reads a date, the schema wants text
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(plain)


def write(folder: Path, content: Any) -> Path:
    path = folder / "CITATION.cff"
    path.write_text(yaml.safe_dump(content))
    return path


def test_citation_is_valid_cff() -> None:
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    validate(content)
    with pytest.raises(jsonschema.ValidationError):
        validate({key: value for key, value in content.items() if key != "authors"})


def test_zenodo_json_is_made_from_it() -> None:
    assert (ROOT / ".zenodo.json").read_text() == zenodo_json(ROOT / "CITATION.cff"), "run python -m lethe.archive.citation"


def test_citation_and_package_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert zenodo_metadata(ROOT / "CITATION.cff")["license"] == project["license"]  # of the version: test_version.py


def test_every_field_is_mapped(tmp_path: Path) -> None:
    validate(FULL)
    assert zenodo_metadata(write(tmp_path, FULL)) == {
        "title": "T",
        "upload_type": "dataset",
        "description": "A",
        "creators": [{"name": "Doe, J.", "affiliation": "X", "orcid": "0000-0001-2345-678X"}, {"name": "A Team"}],
        "publication_date": "2026-01-02",
        "version": "1.5",
        "license": "MIT",
        "access_right": "open",
        "related_identifiers": [
            {"identifier": "https://example.org/code", "relation": "isCompiledBy"},
            {"identifier": "10.1234/p", "relation": "isSupplementTo"},
            {"identifier": "10.1234/d", "relation": "isDerivedFrom"},
            {"identifier": "https://example.org/r", "relation": "references"},
        ],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": ""}, "title: "),
        ({"authors": []}, "authors: "),
        ({"authors": [{"affiliation": "X"}]}, "authors.0: no name"),
        ({"authors": [{"name": "x", "orcid": "0000"}]}, "authors.0.orcid: "),
        ({"references": [{"type": "article", "title": "R"}]}, r"references.0 \('R'\): neither"),
        ({"type": "paper"}, "type: "),
    ],
)
def test_what_a_record_needs_is_asked_for(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(CitationError, match=f"(?s)CITATION.cff: .*{message}"):
        zenodo_metadata(write(tmp_path, FULL | change))


def test_no_yaml_and_no_mapping_are_one_message(tmp_path: Path) -> None:
    with pytest.raises(CitationError, match="CITATION.cff: "):
        zenodo_metadata(write(tmp_path, ["a list"]))
    (tmp_path / "CITATION.cff").write_text("title: [")
    with pytest.raises(CitationError, match="not valid YAML"):
        zenodo_metadata(tmp_path / "CITATION.cff")
