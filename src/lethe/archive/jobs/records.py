"""Public records, as they are."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.client import Client
from lethe.archive.fetch import fetch_record
from lethe.archive.records import check_record, fetched_record, read_records, records_yaml
from lethe.io.atomic import atomic_path, write_text


def write_index(records: Path, index: Path, api: str) -> None:
    """What the repository's public interface says about the known records, in the form of config/archive.yaml.

    Args:
        api: base address of the interface.
    """
    client = Client(api)
    write_text(index, records_yaml({number: fetched_record(client, number) for number in read_records(records)}))


def fetch(record: str, records: Path, folder: Path) -> None:
    """All files of a record, held against what config/archive.yaml knows of it.

    Args:
        record: its number.
    """
    known = read_records(records).get(record)
    with atomic_path(folder) as part:
        fetch_record(record, part)
        check_record(part, record, known)
