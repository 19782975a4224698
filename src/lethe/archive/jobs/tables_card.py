"""The card and the Croissant metadata of a data set."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.citation import read_citation
from lethe.archive.manifest import read_manifest
from lethe.archive.tables_card import croissant, dataset_card, tables_of
from lethe.io.atomic import write_text
from lethe.io.tables import write_json


def describe(
    manifest: Path,
    tables: list[Path],
    citation: Path,
    card: Path,
    metadata: Path,
    world: str,
    title: str,
    license_: str,
    address: str,
) -> None:
    """Write ``README.md`` and ``croissant.json`` of a data set.

    Args:
        manifest: of the record. tables: products that are shown, of which others than CSV and parquet are left out.
        card, metadata: what is written. world: whose results these are.
        title: of the record; empty: from the citation. license_: of the data. address: of the data set; empty: that of the code.
    """
    cited = read_citation(citation)
    named = title or f"{cited.title} Results of the world '{world}'"
    found = tables_of(tables, card.parents[2])
    bundles = [bundle.file for bundle in read_manifest(manifest).bundles]
    write_text(card, dataset_card(found, world, named, license_, cited, bundles))
    write_json(metadata, croissant(found, world, named, license_, cited, address or cited.repository_code))
