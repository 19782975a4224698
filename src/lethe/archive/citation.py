"""``CITATION.cff`` is the one source of bibliographic metadata; ``.zenodo.json`` is made from it: ``lethe config``.

| Citation File Format 1.2.0 | Zenodo deposit | DataCite 4 (registered by Zenodo) |
|---|---|---|
| ``title``, ``version`` | same | ``titles``, ``version`` |
| ``authors`` (persons, entities) | ``creators``: ``name`` "Family, Given", ``affiliation``, ``orcid`` | ``creators`` |
| ``date-released`` | ``publication_date`` | ``publicationYear`` |
| ``abstract`` | ``description`` | ``descriptions`` |
| ``license`` (SPDX) | ``license`` | ``rightsList`` |
| ``keywords`` | ``keywords`` | ``subjects`` |
| ``type`` | ``upload_type`` | ``types.resourceTypeGeneral`` |
| ``repository-code`` | ``related_identifiers``, ``isCompiledBy`` | ``relatedIdentifiers`` |
| ``preferred-citation`` | ``isSupplementTo`` | same |
| ``references`` of ``type: data`` | ``isDerivedFrom`` | same |
| other ``references`` | ``references`` | same |
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lethe.settings.errors import SettingsError
from lethe.settings.read import read_settings

ORCID = r"^https://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]$"


def _hyphened(name: str) -> str:
    return name.replace("_", "-")


class _Part(BaseModel):
    """What is read of a part of the file; the rest of the format is left to its schema (a test validates against it)."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=_hyphened, coerce_numbers_to_str=True)


class Author(_Part):
    """A person (``family-names``, ``given-names``) or an entity (``name``)."""

    name: str = ""
    family_names: str = ""
    given_names: str = ""
    affiliation: str = ""
    orcid: str = Field("", pattern=rf"(^$|{ORCID})")

    @property
    def is_person(self) -> bool:
        """Whether the author has a family name."""
        return bool(self.family_names)

    @property
    def full_name(self) -> str:
        """``Family, Given`` of a person, the name of an entity."""
        return ", ".join(filter(None, (self.family_names, self.given_names))) or self.name


class Reference(_Part):
    """A work that is built on, by its DOI or address."""

    type: str
    title: str = Field(min_length=1)
    doi: str = ""
    url: str = ""

    @property
    def identifier(self) -> str:
        """The DOI, or without one the address."""
        return self.doi or self.url


class Citation(_Part):
    """What is read of ``CITATION.cff``."""

    title: str = Field(min_length=1)
    abstract: str = Field(min_length=1)
    type: Literal["software", "dataset"] = "software"
    authors: list[Author] = Field(min_length=1)
    version: str = Field(min_length=1)
    license: str = Field(min_length=1)
    keywords: list[str] = Field(default_factory=list)
    date_released: date | None = None
    repository_code: str = ""
    preferred_citation: Reference | None = None
    references: list[Reference] = Field(default_factory=list)


class CitationError(ValueError):
    """``CITATION.cff`` lacks something that a record needs; the message names file and key."""


def read_citation(path: Path) -> Citation:
    """Read ``CITATION.cff``.

    Raises:
        FileNotFoundError: if there is none.
        CitationError: if it is no YAML, or a key is missing or of the wrong form; every fault is listed.
    """
    try:
        citation = read_settings(path, Citation, "a citation from which a record can be made")
    except SettingsError as error:
        raise CitationError(str(error)) from None
    for number, author in enumerate(citation.authors):
        if not author.full_name:
            raise CitationError(f"{path}: authors.{number}: no name (`family-names` of a person, `name` of an entity)")
    for number, reference in enumerate(citation.references):
        if not reference.identifier:
            raise CitationError(f"{path}: references.{number} ('{reference.title}'): neither `doi` nor `url`")
    return citation


def zenodo_metadata(citation: Path) -> dict[str, Any]:
    """The metadata of a Zenodo deposit (also the content of ``.zenodo.json``) from a ``CITATION.cff``.

    Returns:
        Plain data: ``title``, ``creators`` (``name``, ``affiliation``, ``orcid`` without its address), ``description``, ``publication_date``,
        ``version``, ``license`` (SPDX id), ``keywords``, ``upload_type``, ``access_right``, ``related_identifiers`` (``identifier``,
        ``relation``; see the table above). Absent is what the citation does not say. The field names are those of Zenodo's
        deposit API, https://developers.zenodo.org/#representation.

    Raises:
        FileNotFoundError, CitationError: see ``read_citation``.
    """
    content = read_citation(citation)
    metadata = {
        "title": content.title,
        "upload_type": content.type,
        "description": content.abstract.strip(),
        "creators": [_creator(author) for author in content.authors],
        "publication_date": content.date_released.isoformat() if content.date_released else "",
        "version": content.version,
        "license": content.license,
        "access_right": "open",
        "keywords": content.keywords,
        "related_identifiers": _related(content),
    }
    return {key: value for key, value in metadata.items() if value}


def _creator(author: Author) -> dict[str, str]:
    fields = {
        "name": author.full_name,
        "affiliation": author.affiliation,
        "orcid": author.orcid.rpartition("/")[2],
    }
    return {key: value for key, value in fields.items() if value}


def _related(content: Citation) -> list[dict[str, str]]:
    related = [(content.repository_code, "isCompiledBy")]
    if content.preferred_citation:
        related.append((content.preferred_citation.identifier, "isSupplementTo"))
    for reference in content.references:
        related.append((reference.identifier, "isDerivedFrom" if reference.type == "data" else "references"))
    return [{"identifier": identifier, "relation": relation} for identifier, relation in related if identifier]


def zenodo_json(citation: Path) -> str:
    """The text of ``.zenodo.json``."""
    return json.dumps(zenodo_metadata(citation), indent=2, ensure_ascii=False) + "\n"
