"""People: Labeled Faces in the Wild (Huang et al. 2007) with attributes of Pantheon (Yu et al. 2016)."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.diffusion.sources.base import SourceImage, check_entity, read_images
from lethe.diffusion.sources.tables import check_columns, check_whole, read_table
from lethe.io.image_folders import entity_folders, images_of
from lethe.io.images import decode_image
from lethe.io.tables import CorruptFileError, readable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PANTHEON = ("slug", "name", "birthyear", "gender", "occupation", "bplace_country", "hpi")
NUMBERS = ("birthyear", "hpi")
RACE = ("name", "race", "method", "image", "date")
PICTURE = ("filename", "image")

Place = tuple[int, int] | Path
"""Where an image is: shard and row of parquet files, or a file."""


class Lfw:
    """The most photographed people of LFW.

    Args:
        images: parquet shards of ``bitmind/lfw`` (fields ``filename``, ``image`` as struct of ``bytes`` and ``path``), or one
            folder ``Name/Name_0001.jpg``.
        pantheon: table of persons, csv or csv.bz2; columns ``slug, name, birthyear, gender, occupation, bplace_country, hpi``.
        race: table of apparent race with its provenance, ``name, race, method, image, date``: what was said of which image, by
            which method, when. It is an input; nothing here looks at a face. Without it there is no column ``race``.
        initial: so many persons are looked at, those with most images; of equal counts the first in the data set.

    Images are in the order of the data set: the rows of the shards (as published), or the names of files in a folder.

    Raises:
        FileNotFoundError, CorruptFileError: naming the file and what was expected.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``.
    """

    def __init__(
        self, images: Sequence[str | Path], pantheon: str | Path, race: str | Path | None = None, initial: int = 500
    ) -> None:
        self.paths = [Path(path) for path in images]
        self.pantheon, self.race, self.initial = Path(pantheon), race, initial
        for path in self.paths:
            if not path.exists():
                raise FileNotFoundError(f"{path} does not exist; expected a parquet shard of LFW or a folder Name/Name_0001.jpg")
        if len(self.paths) > 1 and any(path.is_dir() for path in self.paths):
            raise ValueError(f"images: {', '.join(map(str, self.paths))}; allowed: parquet shards, or one folder")

    def entities(self) -> list[dict[str, Any]]:
        """One record per person: images, and of Pantheon's closest row ``name_pantheon`` (its slug), ``birthyear``, ``gender``,
        ``occupation`` (capitalised), ``bplace_country``, ``hpi``; None where there is no row. ``race`` if a table was given."""
        persons = read_table(self.pantheon, PANTHEON, [column for column in PANTHEON if column not in NUMBERS], NUMBERS)
        check_whole(self.pantheon, "birthyear", persons["birthyear"])
        persons = persons[persons["slug"].notna() & persons["name"].notna()]
        slugs, names = ([unicodedata.normalize("NFC", text) for text in persons[column]] for column in ("slug", "name"))
        races = None if self.race is None else _races(self.race)
        records = []
        for name, places in self._chosen.items():
            row = pantheon_row(slugs, names, name)
            record = {"name": name, "dataset_n_original": len(places), **_attributes(None if row is None else persons.iloc[row])}
            records.append(record if races is None else {**record, "race": races.get(name)})
        return records

    def images(self, name: str) -> Iterator[SourceImage]:
        """All images of a person, named as in the data set."""
        check_entity("lfw", name, list(self._chosen))
        places = self._chosen[name]
        if files := [place for place in places if isinstance(place, Path)]:
            return read_images(files)
        return (self._read(*place) for place in places if isinstance(place, tuple))

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two real people."""
        return math.nan

    def _read(self, shard: int, row: int) -> SourceImage:
        file_name = self._shards[shard]["filename"][row].as_py()
        where = f"{self.paths[shard]}, row {row} ({file_name})"
        image = self._shards[shard]["image"][row].as_py()
        if image is None:
            raise CorruptFileError(f"{where}: 'image' is null; expected a struct with the encoded picture in 'bytes'")
        if image["bytes"] is None:
            path = f", but only its path {image['path']!r}" if image.get("path") else ""
            raise CorruptFileError(f"{where}: the picture is not in the file{path}; expected it encoded in 'bytes'")
        picture = decode_image(image["bytes"], where)
        return SourceImage(file_name, picture.pixels, picture.notes)

    @cached_property
    def _shards(self) -> list[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = []
        for path in self.paths:
            with readable(path, "a readable parquet file", "; fetch it again"):
                schema = pq.read_schema(path)
            check_columns(path, PICTURE, schema.names)
            name, image = (schema.field(column).type for column in PICTURE)
            if not (pa.types.is_string(name) or pa.types.is_large_string(name)):
                raise CorruptFileError(f"{path}: 'filename' is {name}; expected text")
            encoded = image.field("bytes").type if pa.types.is_struct(image) and image.get_field_index("bytes") >= 0 else None
            if encoded is None or not (pa.types.is_binary(encoded) or pa.types.is_large_binary(encoded)):
                raise CorruptFileError(f"{path}: 'image' is {image}; expected a struct with the field 'bytes' (binary)")
            with readable(path, "a readable parquet file", "; fetch it again"):
                tables.append(pq.read_table(path, columns=list(PICTURE), page_checksum_verification=True))
        return tables

    @cached_property
    def _chosen(self) -> dict[str, list[Place]]:
        """The images of the most photographed persons."""
        places: dict[str, list[Place]] = {}
        if self.paths[0].is_dir():
            places.update({name: list(files) for name, files in images_of(entity_folders(self.paths[0])).items()})
        else:
            for shard, table in enumerate(self._shards):
                with readable(self.paths[shard], "a parquet file of UTF-8 text"):
                    file_names = table["filename"].to_pylist()
                for row, file_name in enumerate(file_names):
                    places.setdefault(self._person(shard, row, file_name), []).append((shard, row))
        if not places:
            raise CorruptFileError(f"{self.paths[0]}: no images; expected Name_0001.jpg or folders Name/Name_0001.jpg")
        most = sorted(places, key=lambda name: -len(places[name]))[: self.initial]
        return {name: places[name] for name in most}

    def _person(self, shard: int, row: int, file_name: str | None) -> str:
        person, _, number = (file_name or "").rpartition("_")
        plain = file_name == Path(file_name or "").name and (file_name or "").isprintable()
        if not person or not number[:1].isdigit() or not plain:
            raise CorruptFileError(f"{self.paths[shard]}, row {row}: filename is {file_name!r}; expected e.g. 'Name_0001.jpg'")
        return person


def pantheon_row(slugs: Sequence[str], names: Sequence[str], name: str) -> int | None:
    """The row of Pantheon that is closest to a name of LFW, or None.

    The first whose slug is the name; else the only one whose name holds every ``_``-separated part; else of these the first with
    as many words as the name has parts.

    Args:
        slugs, names: columns ``slug`` (``"George_W._Bush"``) and ``name`` (``"George W. Bush"``) of Pantheon, in its order.
        name: ``"George_W_Bush"``.

    Source: Vision Unlearning 1.0.0, ``pantheon_find_closest_match``; parts are compared as text here, not as regular expressions.
    """
    if name in slugs:
        return slugs.index(name)
    parts = name.split("_")
    longest = max(parts, key=len)  # rare, so that few of the 100,000 rows are left for the others
    rows = [row for row, other in enumerate(names) if longest in other]
    rows = [row for row in rows if all(part in names[row] for part in parts)]
    if len(rows) != 1:
        rows = [row for row in rows if names[row].count(" ") == name.count("_")]
    # the reference goes on with the slug, which may stand in several rows
    return slugs.index(slugs[rows[0]]) if rows else None


def _attributes(row: pd.Series | None) -> dict[str, Any]:
    if row is None:
        return dict.fromkeys(("name_pantheon", *PANTHEON[2:]))
    known = {key: None if value != value else value for key, value in row.items()}  # NaN is not itself
    return {
        "name_pantheon": known["slug"],
        "birthyear": None if known["birthyear"] is None else int(known["birthyear"]),
        "gender": known["gender"],
        "occupation": None if known["occupation"] is None else known["occupation"].capitalize(),
        "bplace_country": known["bplace_country"],
        "hpi": None if known["hpi"] is None else float(known["hpi"]),
    }


def _races(path: str | Path) -> dict[str, str]:
    table = read_table(path, RACE, text=RACE)
    for column in RACE:
        if missing := table["name"][table[column].isna()].tolist():
            raise CorruptFileError(f"{path}: no '{column}' for '{missing[0]}'; every row needs {', '.join(RACE)}")
    if repeated := table["name"][table["name"].duplicated()].tolist():
        raise CorruptFileError(f"{path}: '{repeated[0]}' stands in several rows; expected one per person")
    return dict(zip(table["name"], table["race"], strict=True))
