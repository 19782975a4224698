"""The card, the Croissant metadata and the tables of a published data set, with what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lethe.archive.citation import read_citation
from lethe.archive.manifest import read_manifest
from lethe.archive.tables_card import CARD, COLUMNS, CROISSANT, READ, croissant, dataset_card, write_tables
from lethe.core.columns import Column
from lethe.dictionary.readme import readme
from lethe.dictionary.schema import Described, described
from lethe.io.atomic import atomic_path, write_text
from lethe.io.tables import write_json


def describe(
    manifest: Path,
    tables: list[Path],
    citation: Path,
    folder: Path,
    world: str,
    title: str,
    license_: str,
    address: str,
    methods: list[str],
    unlearners: list[str],
) -> None:
    """Write ``README.md``, ``columns.md``, ``croissant.json`` and the tables that they speak of, as parquet, into one folder.

    Args:
        manifest: of the record, in the folder ``publish`` of the world.
        tables: products that are shown; others than CSV and parquet are left out.
        folder: what is written. world: whose results these are.
        title: of the record; empty: from the citation. license_: of the data. address: of the data set; empty: that of the code.
        methods, unlearners: code names of the world's methods for diffusion models and for classifiers.

    Raises:
        UndescribedError: a table or a column that no module describes.
    """
    cited = read_citation(citation)
    named = title or f"{cited.title} Results of the world '{world}'"
    bundles = [bundle.file for bundle in read_manifest(manifest).bundles]
    of_world = manifest.parent.parent
    told = {file: described(of_world, str(file.relative_to(of_world))) for file in tables if file.suffix in READ}
    with atomic_path(folder) as part:
        part.mkdir()
        found = write_tables(list(told), part, {file: (one.table.row, _meanings(one)) for file, one in told.items()})
        write_text(part / CARD, dataset_card(found, world, named, license_, cited, bundles))
        write_text(part / COLUMNS, readme(world, list(told.values()), methods, unlearners))
        write_json(part / CROISSANT, croissant(found, world, named, license_, cited, address or cited.repository_code))


def _meanings(one: Described) -> Mapping[str, str]:
    return {column.name: _sentence(column) for column in one.columns}


def _sentence(column: Column) -> str:
    better = f"; {column.better} is better" if column.better in ("higher", "lower") else ""
    return f"{column.meaning}{f' ({column.unit})' if column.unit else ''}{better}"
