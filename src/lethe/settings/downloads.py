"""Files that are fetched: where from, what they must be, under which licence (``config/downloads.yaml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from lethe.io.remote import RemoteFile
from lethe.io.web import AddressError, check_address, without_secrets
from lethe.settings.read import read_settings
from lethe.settings.strict import Strict

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Download(RemoteFile, Strict):
    """An entry of ``config/downloads.yaml``."""

    licence: str = Field(description="terms of use, as its owner states them")
    source: str = Field(description="page that describes the file")
    by_hand: str = Field("", description="how to get a file that has no address")
    megabytes: float | None = Field(None, gt=0, description="about, for a reader; null where its owner does not say")

    @model_validator(mode="after")
    def _can_be_got(self) -> Download:
        if bool(self.urls) == bool(self.by_hand):
            raise ValueError("give either `urls` or `by_hand`")
        for url in self.urls:
            try:
                check_address(url, verified=bool(self.sha256 or self.md5))
            except AddressError as error:
                raise ValueError(f"urls: {without_secrets(url)}: {error}") from None
        return self


class Outside(Strict):
    """What is known of a model, a data set or a folder that no entry of ``files`` describes."""

    licence: str = Field(description="terms of use, as its owner states them")
    source: str = Field(description="page that describes it")
    megabytes: float | None = Field(None, gt=0, description="about, for a reader")
    by_hand: str = Field("", description="how to get what nothing fetches")


class Downloads(Strict):
    """All of ``config/downloads.yaml``.

    Attributes:
        files: name of a file -> where from and what it must be. outside: hub id, data set or path -> what is known of it.
    """

    files: dict[FileName, Download] = Field(description="name of a file: where from and what it must be")
    outside: dict[str, Outside] = Field({}, description="hub id, data set or path: what is known of it")


def load_downloads(path: str | Path) -> dict[str, Download]:
    """File name -> entry of a list of downloads; a list that is not valid is a ``SettingsError`` with all faults."""
    return _read(path).files


def load_outside(path: str | Path) -> dict[str, Outside]:
    """Hub id, data set or path -> what the same list knows of it."""
    return _read(path).outside


def _read(path: str | Path) -> Downloads:
    return read_settings(Path(path), Downloads, "a list of downloads")
