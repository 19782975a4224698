"""Pack a source into files: one shard of images, the raw records, the true distances."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from lethe.core.progress import log
from lethe.core.registry import nearest
from lethe.diffusion.sources.base import EntitySource, SourceImage
from lethe.io.images import note_lines
from lethe.io.shards import ShardRow, write_shard
from lethe.io.tables import write_json

LONGEST = 100  # bytes of a file's name in a tar


class SourceError(ValueError):
    """A source that cannot be used: what is wrong with which entity."""


def pack_source(
    source: EntitySource,
    tar: str | Path,
    index: str | Path,
    records: str | Path,
    distance: str | Path,
    only: Collection[str] | None = None,
) -> None:
    """Write the raw records of all entities, and their images; say in the log how many, and what was done to which.

    Args:
        source: what to pack.
        tar, index: the shard; member ``{entity number:03d}/{file name}`` (see ``member_name``), index columns ``entity`` and
            ``file_name``.
        records: JSON list of raw records, in the order of the source.
        distance: JSON ``{name: {name: distance in [0, 1]}}``, null where the source does not know.
        only: the entities whose images and distances are written, if not all: a chosen hundred of many hundreds.

    Raises:
        SourceError: an entity without images or with two of one name, or one of ``only`` that the source does not have.
    """
    entities = source.entities()
    names = [entity["name"] for entity in entities]
    if only is not None:
        if missing := sorted(set(only) - set(names)):
            raise SourceError(f"the source has no entity '{missing[0]}' ({len(missing)} missing){nearest(missing[0], names)}")
        names = [name for name in names if name in only]

    pack_images(names, source.images, tar, index)
    write_json(records, entities)
    write_json(distance, true_distances(source, names))


def pack_images(names: Sequence[str], images: Callable[[str], Iterator[SourceImage]], tar: str | Path, index: str | Path) -> None:
    """Write the images of entities as a shard; say in the log how many, and what was done to which.

    Args:
        names: of the entities, in order.
        images: name of an entity -> its images.
        tar, index: as of ``pack_source``.

    Raises:
        SourceError: an entity without images or with two of one name.
    """
    counts: dict[str, int] = {}
    notes: list[tuple[str, str]] = []

    def rows() -> Iterator[ShardRow]:
        for number, name in enumerate(names):
            seen: set[str] = set()
            for image in images(name):
                if image.file_name in seen:
                    raise SourceError(f"entity '{name}' has two images called '{image.file_name}'; names must be unique")
                seen.add(image.file_name)
                notes.extend((f"{name}/{image.file_name}", note) for note in image.notes)
                member = f"{number:03d}/{member_name(image.file_name)}"
                yield member, image.pixels, {"entity": name, "file_name": image.file_name}
            if not seen:
                raise SourceError(f"entity '{name}' has no images; every entity needs at least one")
            counts[name] = len(seen)

    write_shard(tar, rows(), index)
    for line in note_lines(notes):
        log.warning("pictures %s", line)
    if counts:
        fewest = min(counts, key=lambda name: counts[name])
        log.info("%d entities, %d images; fewest: '%s' with %d", len(counts), sum(counts.values()), fewest, counts[fewest])


def member_name(file_name: str) -> str:
    """``file_name`` as a tar can hold it: a longer one is cut and told from others by a hash of the whole."""
    if len(file_name.encode()) <= LONGEST:
        return file_name
    start = file_name.encode()[: LONGEST // 2].decode(errors="ignore")
    return f"{start}~{hashlib.sha256(file_name.encode()).hexdigest()[:16]}{Path(file_name).suffix[:8]}"


def true_distances(source: EntitySource, names: list[str]) -> dict[str, dict[str, Any]]:
    """Distance of every two entities, ``None`` where unknown."""
    distances = {a: {b: source.attribute_distance(a, b) for b in names} for a in names}
    return {a: {b: None if math.isnan(value) else value for b, value in row.items()} for a, row in distances.items()}
