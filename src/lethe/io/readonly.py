"""A checkout that cannot be written, planned all the same.

Snakemake keeps its records in ``.snakemake`` below the working directory, also of a dry run. Where nothing can be written, a dry run
works in a temporary folder whose entries are links to those of the checkout: it sees the same files, and what it keeps is gone at its end.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

DECIDES_NO_RESULT = "plans where nothing can be written"

RECORDS = ".snakemake"
OF_A_RUN = ("locks", "lethe.lock")  # what a run writes while it lives


def writable(folder: str | Path) -> bool:
    """Whether Snakemake can keep its records in ``folder``."""
    records = Path(folder, RECORDS)
    return os.access(records if records.exists() else folder, os.W_OK)


def folder_of_links(folder: str | Path) -> TemporaryDirectory[str]:
    """A temporary folder with a link to every entry of ``folder``, and to what Snakemake knows of earlier runs there."""
    links = TemporaryDirectory(prefix="lethe-plan-")
    (Path(links.name) / RECORDS).mkdir()
    for source in (Path(folder), Path(folder, RECORDS)):
        for entry in source.iterdir() if source.is_dir() else ():
            if entry.name not in (RECORDS, *OF_A_RUN):
                (Path(links.name) / entry.relative_to(folder)).symlink_to(entry.absolute())
    return links
