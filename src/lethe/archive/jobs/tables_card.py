"""The card, the Croissant metadata and the tables of a data set."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.citation import read_citation
from lethe.archive.manifest import read_manifest
from lethe.archive.tables_card import CARD, CROISSANT, croissant, dataset_card, write_tables
from lethe.io.atomic import atomic_path, write_text
from lethe.io.tables import write_json


def describe(
    manifest: Path, tables: list[Path], citation: Path, folder: Path, world: str, title: str, license_: str, address: str
) -> None:
    """Write ``README.md``, ``croissant.json`` and the tables that both speak of, as parquet, into one folder.

    Args:
        manifest: of the record. tables: products that are shown; others than CSV and parquet are left out.
        folder: what is written. world: whose results these are.
        title: of the record; empty: from the citation. license_: of the data. address: of the data set; empty: that of the code.
    """
    cited = read_citation(citation)
    named = title or f"{cited.title} Results of the world '{world}'"
    bundles = [bundle.file for bundle in read_manifest(manifest).bundles]
    with atomic_path(folder) as part:
        part.mkdir()
        found = write_tables(tables, part)
        write_text(part / CARD, dataset_card(found, world, named, license_, cited, bundles))
        write_json(part / CROISSANT, croissant(found, world, named, license_, cited, address or cited.repository_code))
