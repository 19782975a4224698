"""The published UnlearnCanvas as parquet shards: rows of a picture and its caption, without the number that pairs them."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from lethe.core.progress import log
from lethe.core.registry import nearest
from lethe.diffusion.sources.tables import check_columns
from lethe.diffusion.sources.unlearncanvas import PublishedCanvas
from lethe.diffusion.sources.unlearncanvas_pairing import PairingError, numbered, outline
from lethe.io.images import decode_image
from lethe.io.tables import CorruptFileError, readable
from lethe.settings.unlearncanvas_classes import IMAGES, OTHER_STYLES, SEED_IMAGES

SHARD = re.compile(r"(.+-)(\d{5})-of-(\d{5})\.parquet")
CAPTION = re.compile(r"An? (.+?) image in (.+?) style\.?", re.IGNORECASE)
NUMBER = re.compile(r"(?:^|[_-])([1-9][0-9]?)$")
COLUMNS = ("image", "text")
AGAIN = "; fetch it again"


class Row(NamedTuple):
    """Where a picture is.

    Attributes:
        shard: number of the shard. group: row group. row: within the group.
    """

    shard: int
    group: int
    row: int


class UnlearnCanvasParquet(PublishedCanvas):
    """The data set of the hub, ``OPTML-Group/UnlearnCanvas``: columns ``image`` (struct of ``bytes`` and ``path``) and ``text``.

    The number of a picture is recovered from the names in ``image.path`` where all pictures of all cells have numbers 1 to 20 there. Else the
    pictures of a cell are held against the photos of its object (``unlearncanvas_pairing``), whose order gives the numbers; a cell that
    cannot be matched beyond doubt is refused, since pictures of another content would be taken for a pair.

    Raises:
        CorruptFileError: a shard is missing or damaged, a row has another caption, a cell has other than 20 pictures, or no pairing.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._shards = _shards(self.path)
        self._read: tuple[tuple[int, int], list[Any]] | None = None

    def entities(self) -> list[dict[str, Any]]:
        """See ``PublishedCanvas``; all captions are read first."""
        assert self._rows
        return super().entities()

    def _encoded(self, cell: tuple[str, str], number: int) -> tuple[str, bytes | Path]:
        return self._picture(self._rows[cell][number])

    def _picture(self, row: Row) -> tuple[str, bytes]:
        import pyarrow.parquet as pq

        path = self._shards[row.shard]
        where = f"{path}, row {row.row} of row group {row.group}"
        if self._read is None or self._read[0] != (row.shard, row.group):
            with readable(path, "a readable parquet file", AGAIN), pq.ParquetFile(path, page_checksum_verification=True) as file:
                self._read = ((row.shard, row.group), file.read_row_group(row.group, columns=["image"])["image"].to_pylist())
        image = self._read[1][row.row]
        if image is None or image["bytes"] is None:
            raise CorruptFileError(f"{where}: no picture; expected it encoded in 'image.bytes'")
        return where, image["bytes"]

    @cached_property
    def _rows(self) -> dict[tuple[str, str], dict[int, Row]]:
        """Cell -> number -> where the picture is."""
        found: dict[tuple[str, str], list[tuple[Row, str]]] = {cell: [] for cell in self._cells.values()}
        for shard, path in enumerate(self._shards):
            for row, caption, name in _captions(path, shard):
                if cell := self._cell_of(caption, f"{path}, row {row.row} of row group {row.group}"):
                    found[cell].append((row, name))
        for (theme, thing), rows in found.items():
            if len(rows) != IMAGES:
                raise CorruptFileError(f"{self.path}: {len(rows)} pictures of '{thing}' in '{theme}'; expected {IMAGES}")
        numbers = {cell: [_number(name) for _, name in rows] for cell, rows in found.items()}
        if all(sorted(of_cell) == list(range(1, IMAGES + 1)) for of_cell in numbers.values()):
            return {cell: dict(zip(numbers[cell], (row for row, _ in rows), strict=True)) for cell, rows in found.items()}
        log.info("%s: image.path has no numbers 1 to %d for every cell; pictures are paired by what they show", self.path, IMAGES)
        return self._paired({cell: [row for row, _ in rows] for cell, rows in found.items()})

    def _paired(self, rows: dict[tuple[str, str], list[Row]]) -> dict[tuple[str, str], dict[int, Row]]:
        outlines = {
            cell: [outline(decode_image(data, where).pixels) for where, data in map(self._picture, of)]
            for cell, of in rows.items()
        }
        found = {}
        for (theme, thing), of_cell in rows.items():
            try:
                order = numbered(outlines[SEED_IMAGES, thing], outlines[theme, thing])
            except PairingError as error:
                raise CorruptFileError(
                    f"{self._shards[of_cell[error.picture].shard]}: '{thing}' in '{theme}', {error}; expected names with numbers in "
                    "image.path, or pictures whose photo is beyond doubt. Use the published folder (source: unlearncanvas)"
                ) from None
            found[theme, thing] = {number + 1: of_cell[place] for number, place in enumerate(order)}
        return found

    def _cell_of(self, caption: Any, where: str) -> tuple[str, str] | None:
        """Theme and object of a caption; None of a style that is not taken."""
        match = CAPTION.fullmatch(caption.strip()) if isinstance(caption, str) else None
        if not match:
            raise CorruptFileError(f"{where}: text is {caption!r}; expected 'A {{Object}} image in {{Style}} style'")
        thing, theme = (word.replace(" ", "_") for word in match.groups())
        if theme.lower() in {"photo", SEED_IMAGES.lower()}:
            theme = SEED_IMAGES
        if theme in OTHER_STYLES and theme not in self.options.themes:
            return None
        for value, known, key in ((theme, self.options.themes, "themes"), (thing, self.options.objects, "objects")):
            if value not in known:
                raise CorruptFileError(
                    f"{where}: '{value}' of {caption!r} is none of source_options.{key}{nearest(value, list(known))}"
                )
        return theme, thing


def _shards(folder: Path) -> list[Path]:
    """The shards of a folder, all of them; a ``CorruptFileError`` names one that is missing."""
    files = sorted(folder.rglob("*.parquet"))
    named = {file: match for file in files if (match := SHARD.fullmatch(file.name))}
    if not named or len(named) != len(files):
        other = next((file for file in files if file not in named), folder)
        raise CorruptFileError(f"{other}: expected shards called as train-00000-of-00153.parquet")
    totals = {match[3] for match in named.values()}
    starts = {match[1] for match in named.values()}
    if len(totals) != 1 or len(starts) != 1:
        raise CorruptFileError(
            f"{folder}: shards of several data sets ({', '.join(sorted(file.name for file in named)[:3])} ...); expected one"
        )
    total, start = int(totals.pop()), starts.pop()
    there = [int(match[2]) for match in named.values()]
    for number in range(total):
        if there.count(number) != 1:
            name = f"{start}{number:05d}-of-{total:05d}.parquet"
            raise CorruptFileError(f"{folder / name} is there {there.count(number)} times; expected {total} shards, each once")
    return sorted(named, key=lambda file: int(named[file][2]))


def _captions(path: Path, shard: int) -> list[tuple[Row, Any, str]]:
    """Row, caption and name of the picture for every row of a shard; no picture is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with readable(path, "a readable parquet file", AGAIN), pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema = file.schema_arrow
        check_columns(path, COLUMNS, schema.names)
        image = schema.field("image").type
        if not pa.types.is_struct(image) or image.get_field_index("bytes") < 0:
            raise CorruptFileError(f"{path}: 'image' is {image}; expected a struct with the field 'bytes' (binary)")
        named = image.get_field_index("path") >= 0
        found = []
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=["text", *(["image.path"] if named else [])])
            names = [entry and entry["path"] for entry in table["image"].to_pylist()] if named else [None] * len(table)
            found += [
                (Row(shard, group, row), text, name or "")
                for row, (text, name) in enumerate(zip(table["text"].to_pylist(), names, strict=True))
            ]
    return found


def _number(name: str) -> int:
    """The number at the end of a file's name; 0 if there is none."""
    match = NUMBER.search(PurePosixPath(name).stem)
    return int(match[1]) if match else 0
