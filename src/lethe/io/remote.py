"""A file somewhere else: where from, and what it must be."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from lethe.io.fileformat import Kind


class RemoteFile(BaseModel):
    """A file somewhere else. Without a checksum, the first download decides what it must be (``lethe.io.download``)."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    urls: list[str] = Field(description="addresses, tried in turn; empty for a file that must be got by hand")
    kind: Kind = Field(description="format, checked by its first bytes")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="published checksum, or null")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$", description="where only that is published")
    size: int | None = Field(None, ge=1, description="bytes, or null where not published")
    columns: list[str] = Field(default_factory=list, description="columns that a table must have to be taken for it")
