"""Breeds of the FCI: images of the Dog-Breeds-Dataset, attributes of FCI, American Kennel Club (AKC) and Pawsome."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lethe.core.registry import nearest
from lethe.diffusion.sources.base import SourceImage, check_entity, read_images
from lethe.diffusion.sources.breed_matching import KennelBreed, bare, match_breed
from lethe.diffusion.sources.tables import read_table
from lethe.io.image_folders import entity_folders, images_of
from lethe.io.tables import CorruptFileError

FCI = ("id", "name", "group", "section", "provisional", "country", "url", "image", "pdf")
SCALES = ("grooming_frequency", "shedding", "energy_level", "trainability", "demeanor")
NAME_AKC = "Unnamed: 0"  # how pandas calls the column without a name
AKC = (
    *(NAME_AKC, "description", "temperament", "popularity"),
    *("min_height", "max_height", "min_weight", "max_weight", "min_expectancy", "max_expectancy", "group"),
    *(f"{scale}_{part}" for scale in SCALES for part in ("value", "category")),
)
AKC_TEXT = (NAME_AKC, "description", "temperament", "popularity", "group", *(f"{scale}_category" for scale in SCALES))
PAWSOME = ("Breed Name", "Group", "Other Names")


class FciBreeds:
    """Breeds with one folder of images each.

    Args:
        images: folder with one folder per breed, named after it, ``akita dog/Image_1.jpg``.
        fci: table of FCI breeds (``id, name, group, section, provisional, country, url, image, pdf``); every folder must have
            a row. ``FCI Breeds.csv`` in ``images`` if not given.
        akc: table of AKC breeds (first column without a name; ``popularity`` is a rank, 1 the most popular).
        pawsome: table of Pawsome (``Breed Name``, ``Group``, ``Other Names`` and more), joined to AKC by name. Without it its columns
            are missing and no synonyms are known, so that fewer breeds find their AKC row.
        initial: so many breeds are looked at, those with most images.

    Raises:
        FileNotFoundError, CorruptFileError: naming the file and what was expected.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``.
    """

    def __init__(
        self,
        images: str | Path,
        akc: str | Path,
        fci: str | Path | None = None,
        pawsome: str | Path | None = None,
        initial: int = 500,
    ) -> None:
        self.folder, self.akc, self.pawsome, self.initial = Path(images), Path(akc), pawsome, initial
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{self.folder} is not a folder; expected one folder of images per breed in it")
        self.fci = Path(fci) if fci else self.folder / "FCI Breeds.csv"

    def entities(self) -> list[dict[str, Any]]:
        """One record per breed: ``group``, ``section``, ``country`` of the FCI (lower case, ``_`` for blanks), the whole AKC and
        Pawsome row (``name_akc``, ``group_akc``, ``group_pawsome``, ...), None where there is none.

        ``popularity`` is a number, None where AKC's cell holds none; ``popularity_text`` is the cell as it stands in the table.
        """
        breeds = self._fci_rows()
        table = self._kennel_table()
        columns = [str(column) for column in table.columns]
        rows = table.to_dict(orient="records")
        kennel = [KennelBreed(str(row["name_akc"]), str(row["group_akc"]), _synonyms(row.get("Other Names"))) for row in rows]
        by_name = {row["name_akc"]: row for row in reversed(rows)}  # the first of equal names
        records = []
        for name, files in self._chosen.items():
            record = {"name": name, "dataset_n_original": len(files), **breeds[name]}
            if clash := sorted(set(record) & set(columns)):
                raise CorruptFileError(f"{self.akc}, {self.pawsome}: column '{clash[0]}' is also one of the FCI's; rename it")
            match = match_breed(name, record["group"], kennel)
            found = {} if match is None else by_name[match]
            records.append({**record, **{column: _plain(found.get(column)) for column in columns}})
        return records

    def images(self, name: str) -> Iterator[SourceImage]:
        """The images of a breed by file name (the reference took them in the order of the file system)."""
        check_entity("fci_breeds", name, list(self._chosen))
        return read_images(self._chosen[name])

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two real breeds."""
        return math.nan

    @cached_property
    def _chosen(self) -> dict[str, list[Path]]:
        files = images_of(entity_folders(self.folder))
        if not files:
            raise CorruptFileError(f"{self.folder}: no folder with images; expected e.g. 'akita dog/Image_1.jpg'")
        most = sorted(files, key=lambda name: -len(files[name]))[: self.initial]
        return {name: files[name] for name in most}

    def _fci_rows(self) -> dict[str, dict[str, Any]]:
        """FCI attributes of every folder."""
        table = read_table(self.fci, FCI, text=("name", "group", "section", "country"))
        named = table[table["name"].notna()].to_dict(orient="records")
        rows = {bare(row["name"]): row for row in reversed(named)}
        found = {}
        for name in self._chosen:
            row = rows.get(bare(name))
            if row is None:
                raise CorruptFileError(f"{self.fci}: no row for the folder '{name}'{nearest(bare(name), list(rows))}")
            values = {key: _plain(row[key]) for key in ("group", "section", "country")}
            if values["group"] is None:
                raise CorruptFileError(f"{self.fci}: no 'group' for '{row['name']}'; expected e.g. 'Terriers'")
            found[name] = {key: None if value is None else str(value).lower().replace(" ", "_") for key, value in values.items()}
        return found

    def _kennel_table(self) -> pd.DataFrame:
        """AKC's table with Pawsome's columns at its right."""
        table = read_table(self.akc, AKC, text=AKC_TEXT, numbers=[column for column in AKC if column not in AKC_TEXT])
        table = table.rename(columns={NAME_AKC: "name_akc", "group": "group_akc", "popularity": "popularity_text"})
        ranks = pd.to_numeric(table["popularity_text"], errors="coerce")
        table.insert(3, "popularity", ranks.where(np.isfinite(ranks)))
        if missing := table.index[table["name_akc"].isna()].tolist():
            raise CorruptFileError(f"{self.akc}, row {missing[0] + 1}: no name; expected one in the first column")
        if self.pawsome is None:
            return table
        pawsome = read_table(self.pawsome, PAWSOME, text=PAWSOME).rename(
            columns={"Breed Name": "name_akc", "Group": "group_pawsome"}
        )
        if repeated := pawsome["name_akc"][pawsome["name_akc"].duplicated()].tolist():
            raise CorruptFileError(f"{self.pawsome}: '{repeated[0]}' stands in several rows; expected one per breed")
        return table.merge(pawsome, how="left", on="name_akc", suffixes=("", "_pawsome"))


def _synonyms(cell: Any) -> tuple[str, ...]:
    return tuple(cell.split(",")) if isinstance(cell, str) else ()


def _plain(value: Any) -> Any:
    """A cell without NaN."""
    return None if value is None or value != value else value
