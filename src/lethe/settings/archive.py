"""Where published results are read from and where they are published to."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lethe.io.loopback import is_loopback
from lethe.settings.hub import is_hub_id
from lethe.settings.strict import Strict, check_known

Source = Literal["build", "archive"]
Kind = Literal["metadata", "models", "images", "tables"]
Layout = Literal["lethe", "vision-unlearning"]
VISION_UNLEARNING: Layout = "vision-unlearning"

SANDBOX = "https://sandbox.zenodo.org/api"

RELATIONS = [  # of the Zenodo deposit metadata, developers.zenodo.org
    *("isCitedBy", "cites", "isSupplementTo", "isSupplementedBy", "isContinuedBy", "continues", "isDescribedBy", "describes"),
    *("hasMetadata", "isMetadataFor", "isNewVersionOf", "isPreviousVersionOf", "isPartOf", "hasPart", "isReferencedBy"),
    *("references", "isDocumentedBy", "documents", "isCompiledBy", "compiles", "isVariantFormOf", "isOriginalFormof"),
    *("isIdenticalTo", "isAlternateIdentifier", "isReviewedBy", "reviews", "isDerivedFrom", "isSourceOf", "requires"),
    *("isRequiredBy", "isObsoletedBy", "obsoletes"),
]


def _address(value: str) -> str:
    parts = urlsplit(value)
    if (
        re.search(r"\s", value)
        or parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ValueError(f"{value!r} is not an address of the form https://host/path")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError(f"{value!r} is not encrypted; http is allowed on this machine only")
    return value.rstrip("/")


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


Address = Annotated[str, AfterValidator(_address)]
RecordName = Annotated[str, BeforeValidator(_text)]
"""The number of a Zenodo record is a number in YAML."""

NUMBER = re.compile("[1-9][0-9]{0,11}")


class Archive(Strict):
    """Which results come from a published record instead of being computed."""

    metadata: Source = Field("build", description="entities and similarities; archive: from the record, build: computed here")
    models: Source = Field("build", description="unlearned models (deltas)")
    images: Source = Field("build", description="generated images; archive: no model is unlearned and nothing is generated")
    tables: Source = Field("build", description="interference tables; archive: nothing is scored")
    layout: Layout = Field(
        "lethe",
        description="of the record: bundles of this project, or the files of Vision Unlearning (docs/published-corpus.md)",
    )
    host: Literal["zenodo", "huggingface", "folder"] = Field("zenodo", description="where the record is")
    record: RecordName = Field("", description="number of a Zenodo record, owner/name of a Hugging Face data set, or a folder")
    revision: str = Field(
        "main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100, description="huggingface only: commit or tag"
    )
    api: Address = Field("https://zenodo.org/api", description="zenodo only: base address of its REST interface")
    endpoint: Address = Field("https://huggingface.co", description="huggingface only: address of the hub")
    suffix: str = Field(
        "",
        pattern="^(_[a-z0-9][a-z0-9.]*)?$",
        max_length=40,
        description="vision-unlearning only: what names of files say of the base, such as _sdxl; nothing of Stable Diffusion 1.4",
    )
    pairing: int = Field(
        25,
        ge=2,
        le=10_000,
        description="vision-unlearning only: receivers of a model whose pictures tell whether on and off share noise",
    )

    def imported(self, *kinds: Kind) -> bool:
        """Whether artefacts of one of these classes come from a corpus in the layout of Vision Unlearning."""
        return self.layout == VISION_UNLEARNING and any(getattr(self, kind) == "archive" for kind in kinds)

    @property
    def used(self) -> bool:
        """Whether anything comes from the record."""
        return "archive" in (self.metadata, self.models, self.images, self.tables)

    @model_validator(mode="after")
    def _record_fits_host(self) -> Archive:
        if self.used and not self.record:
            raise ValueError("archive.record: a class of artefacts has source `archive`, so the record must be named")
        if self.imported("tables", "images") and self.metadata != "archive":
            raise ValueError(
                "archive.metadata: 'build', but images and tables of others name the entities of their own metadata; allowed: archive"
            )
        if self.host == "folder":
            if self.used and self.layout != VISION_UNLEARNING:
                raise ValueError(
                    f"archive.host: 'folder' is for layout: {VISION_UNLEARNING}; allowed with layout: lethe: zenodo, huggingface"
                )
            return self
        fits = NUMBER.fullmatch(self.record) if self.host == "zenodo" else is_hub_id(self.record)
        if self.record and not fits:
            form = {"zenodo": "a number, e.g. 18649818", "huggingface": "owner/name"}[self.host]
            number = re.search(r"(?:zenodo\.|/records?/)([0-9]+)", self.record) if self.host == "zenodo" else None
            hint = f"; did you mean '{number[1]}'?" if number else ""
            raise ValueError(f"archive.record: '{self.record}' is no record of {self.host}; allowed: {form}{hint}")
        return self


class Related(Strict):
    """Another work that a published record refers to."""

    identifier: str = Field(pattern=r"^\S+$", description="DOI, arXiv number or address")
    relation: str = Field(description="how this record relates to it (DataCite)")

    @model_validator(mode="after")
    def _known(self) -> Related:
        check_known("relation", self.relation, RELATIONS)
        return self


Community = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]*$", max_length=100)]


class Publish(Strict):
    """How results are published; the rest of the record's metadata comes from CITATION.cff."""

    api: Address = Field(SANDBOX, description="base address of Zenodo's REST interface; the sandbox by default")
    confirm: str = Field(
        "", pattern=r"^[A-Za-z0-9.:-]*$", description="outside the sandbox: the host of `api` once more, e.g. zenodo.org"
    )
    classes: list[Kind] = Field(
        default=["metadata", "models", "images", "tables"], min_length=1, description="classes of artefacts in the record"
    )
    title: str = Field("", description="of the record; empty: from CITATION.cff")
    license: str = Field("cc-by-4.0", pattern=r"^[a-z0-9][a-z0-9.+-]*$", max_length=40, description="of the data")
    communities: list[Community] = Field(default_factory=list, description="Zenodo communities")
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
        if self.huggingface and not is_hub_id(self.huggingface):
            raise ValueError(f"publish.huggingface: '{self.huggingface}' is not of the form owner/name")
        return self
