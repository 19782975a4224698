"""Fetch a published record with zenodo-get, which needs no token and checks every file against Zenodo's checksum."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lethe.archive.client import Client
from lethe.archive.zenodo import read_record, record_files

API = "https://zenodo.org/api"  # the only one that zenodo-get asks


class FetchError(RuntimeError):
    """A record that could not be fetched; the message holds what zenodo-get said."""


def fetch_record(record: str, folder: Path) -> None:
    """Download all files of a Zenodo record into ``folder``.

    The names of the files are looked at first: zenodo-get would write ``../x`` where it says.

    Args:
        record: number of the record, e.g. ``"18649818"``.
        folder: created.

    Raises:
        ArchiveError: there is no such record, its files are restricted, or one has a name that leads elsewhere.
        FetchError: if zenodo-get fails (no network, unknown record, wrong checksum) or writes nothing.
    """
    client = Client(API)
    record_files(client, record, read_record(client, record))
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "zenodo_get", "--retry", "3", "--output-dir", str(folder), record]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    files = [file for file in folder.iterdir() if file.name != "md5sums.txt"]
    if done.returncode or not files:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        said = "; ".join(line for line in lines if line and "%|" not in line)  # without progress bars
        raise FetchError(f"Zenodo record {record} was not fetched (exit {done.returncode}): {said[-500:] or 'no reason given'}")
