"""Where published results are read from and where they are published to."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from lethe.settings.strict import Strict, check_known

Source = Literal["build", "archive"]
Kind = Literal["metadata", "models", "images", "tables"]

SANDBOX = "https://sandbox.zenodo.org/api"

RELATIONS = [  # of the Zenodo deposit metadata, developers.zenodo.org
    *("isCitedBy", "cites", "isSupplementTo", "isSupplementedBy", "isContinuedBy", "continues", "isDescribedBy", "describes"),
    *("hasMetadata", "isMetadataFor", "isNewVersionOf", "isPreviousVersionOf", "isPartOf", "hasPart", "isReferencedBy"),
    *("references", "isDocumentedBy", "documents", "isCompiledBy", "compiles", "isVariantFormOf", "isOriginalFormof"),
    *("isIdenticalTo", "isAlternateIdentifier", "isReviewedBy", "reviews", "isDerivedFrom", "isSourceOf", "requires"),
    *("isRequiredBy", "isObsoletedBy", "obsoletes"),
]


def is_loopback(address: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"'{value}' is not an address of the form https://host/path")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError(f"'{value}' is not encrypted; http is allowed on this machine only")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class Archive(Strict):
    """Which results come from a published record instead of being computed."""

    metadata: Source = Field("build", description="entities and similarities; archive: from the record, build: computed here")
    models: Source = Field("build", description="unlearned models (deltas)")
    images: Source = Field("build", description="generated images; archive: no model is unlearned and nothing is generated")
    tables: Source = Field("build", description="interference tables; archive: nothing is scored")
    host: Literal["zenodo", "huggingface"] = Field("zenodo", description="where the record is")
    record: str = Field(
        "", coerce_numbers_to_str=True, description="number of a Zenodo record, or owner/name of a Hugging Face data set"
    )
    revision: str = Field("main", description="huggingface only: commit or tag")
    api: Address = Field("https://zenodo.org/api", description="zenodo only: base address of its REST interface")
    endpoint: Address = Field("https://huggingface.co", description="huggingface only: address of the hub")

    @property
    def used(self) -> bool:
        """Whether anything comes from the record."""
        return "archive" in (self.metadata, self.models, self.images, self.tables)

    @model_validator(mode="after")
    def _record_fits_host(self) -> Archive:
        if self.used and not self.record:
            raise ValueError("archive.record: a class of artefacts has source `archive`, so the record must be named")
        fits = self.record.isascii() and self.record.isdecimal() if self.host == "zenodo" else self.record.count("/") == 1
        if self.record and not fits:
            form = {"zenodo": "a number, e.g. 18649818", "huggingface": "owner/name"}[self.host]
            number = re.search(r"(?:zenodo\.|/records?/)([0-9]+)", self.record) if self.host == "zenodo" else None
            hint = f"; did you mean '{number[1]}'?" if number else ""
            raise ValueError(f"archive.record: '{self.record}' is no record of {self.host}; allowed: {form}{hint}")
        return self


class Related(Strict):
    """Another work that a published record refers to."""

    identifier: str = Field(min_length=1, description="DOI, arXiv number or address")
    relation: str = Field(description="how this record relates to it (DataCite)")

    @model_validator(mode="after")
    def _known(self) -> Related:
        check_known("relation", self.relation, RELATIONS)
        return self


class Publish(Strict):
    """How results are published; the rest of the record's metadata comes from CITATION.cff."""

    api: Address = Field(SANDBOX, description="base address of Zenodo's REST interface; the sandbox by default")
    confirm: str = Field("", description="outside the sandbox: the host of `api` once more, e.g. zenodo.org")
    classes: list[Kind] = Field(
        default=["metadata", "models", "images", "tables"], min_length=1, description="classes of artefacts in the record"
    )
    title: str = Field("", description="of the record; empty: from CITATION.cff")
    license: str = Field("cc-by-4.0", description="of the data")
    communities: list[str] = Field(default_factory=list, description="Zenodo communities")
    related: list[Related] = Field(
        default=[Related(identifier="10.5281/zenodo.18649818", relation="isDerivedFrom")], description="other works"
    )
    huggingface: str = Field("", description="owner/name of a Hugging Face data set; private until its owner opens it")
    endpoint: Address = Field("https://huggingface.co", description="address of the hub")

    @model_validator(mode="after")
    def _confirmed(self) -> Publish:
        host = urlsplit(self.api).hostname or ""
        safe = host == urlsplit(SANDBOX).hostname or is_loopback(self.api)
        if not safe and self.confirm != host:
            raise ValueError(
                f"publish.confirm: {self.api} is not the sandbox; to make a draft there add `confirm: {host}`, "
                f"e.g. --config 'publish={{api: {self.api}, confirm: {host}}}'"
            )
        if self.huggingface.count("/") != (1 if self.huggingface else 0):
            raise ValueError(f"publish.huggingface: '{self.huggingface}' is not of the form owner/name")
        return self
