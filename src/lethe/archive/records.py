"""Published records that this project refers to: ``config/archive.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from lethe.archive.client import Client
from lethe.archive.errors import ArchiveError
from lethe.archive.zenodo import md5_file, read_record, record_files
from lethe.settings.strict import Strict


class RecordFile(Strict):
    """A file of a record."""

    name: str = Field(pattern=r"^[^/\\\x00-\x1f]+$")
    size: int = Field(ge=0)
    checksum: str = Field(pattern="^md5:[0-9a-f]{32}$")


class Record(Strict):
    """A record; what is not known is null."""

    doi: str | None
    title: str | None
    version: str | None
    license: str | None
    files: list[RecordFile] | None


class Records(Strict):
    """All of them, by number."""

    records: dict[Annotated[str, Field(pattern=r"^\d+$")], Record]


def read_records(path: str | Path) -> dict[str, Record]:
    """number -> record; a file of another form is an ``ArchiveError``."""
    try:
        return Records.model_validate(yaml.safe_load(Path(path).read_text())).records
    except (ValidationError, yaml.YAMLError) as error:
        raise ArchiveError(f"{path}: {error}") from None


def fetched_record(client: Client, number: str) -> Record:
    """What the repository's public interface says about a record."""
    plain = read_record(client, number)
    metadata = plain.get("metadata") or {}
    files = [RecordFile(name=f.name, size=f.size, checksum=f"md5:{f.md5}") for f in record_files(client, number, plain)]
    licence = metadata.get("license")
    return Record(
        doi=plain.get("doi") or metadata.get("doi"),
        title=metadata.get("title") or plain.get("title"),
        version=metadata.get("version"),
        license=licence.get("id") if isinstance(licence, dict) else licence,
        files=sorted(files, key=lambda file: file.name),
    )


def records_yaml(records: dict[str, Record]) -> str:
    """The text of ``config/archive.yaml``."""
    plain: dict[str, Any] = {"records": {number: record.model_dump() for number, record in records.items()}}
    header = (
        "# Published records and their files; null: not known. `snakemake archive_index` asks the repository (docs/zenodo.md).\n"
    )
    return header + yaml.safe_dump(plain, sort_keys=False, width=130, allow_unicode=True)


def check_record(folder: Path, number: str, record: Record | None) -> None:
    """Raise an ``ArchiveError`` unless a folder holds every file that is known of a record, with its size and checksum."""
    for file in (record.files if record else None) or []:
        path = folder / file.name
        if not path.is_file():
            raise ArchiveError(f"record {number}: '{file.name}' is listed in config/archive.yaml and was not fetched")
        if path.stat().st_size != file.size or f"md5:{md5_file(path)}" != file.checksum:
            raise ArchiveError(
                f"record {number}: '{file.name}' differs from config/archive.yaml ({file.size} bytes, {file.checksum})"
            )
