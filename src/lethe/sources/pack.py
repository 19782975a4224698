"""Pack a source into files: one shard of images, the raw records, the true distances."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from lethe.io.shards import ShardRow, write_shard
from lethe.io.tables import write_json
from lethe.registry import nearest
from lethe.sources.base import EntitySource


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
    """Write the raw records of all entities, and their images.

    Args:
        source: what to pack.
        tar, index: the shard; member ``{entity number:03d}/{file name}``, index columns ``entity`` and ``file_name``.
        records: JSON list of raw records, in the order of the source.
        distance: JSON ``{name: {name: distance in [0, 1]}}``, null where the source does not know.
        only: the entities whose images and distances are written, if not all: a chosen hundred of many hundreds.

    Raises:
        SourceError: an entity without images, or one of ``only`` that the source does not have.
    """
    entities = source.entities()
    names = [entity["name"] for entity in entities]
    if only is not None:
        if missing := sorted(set(only) - set(names)):
            raise SourceError(f"the source has no entity '{missing[0]}' ({len(missing)} missing){nearest(missing[0], names)}")
        names = [name for name in names if name in only]

    def rows() -> Iterator[ShardRow]:
        for number, name in enumerate(names):
            count = 0
            for image in source.images(name):
                yield f"{number:03d}/{image.file_name}", image.pixels, {"entity": name, "file_name": image.file_name}
                count += 1
            if not count:
                raise SourceError(f"entity '{name}' has no images; every entity needs at least one")

    write_shard(tar, rows(), index)
    write_json(records, entities)
    write_json(distance, true_distances(source, names))


def true_distances(source: EntitySource, names: list[str]) -> dict[str, dict[str, Any]]:
    """Distance of every two entities, ``None`` where unknown."""
    distances = {a: {b: source.attribute_distance(a, b) for b in names} for a in names}
    return {a: {b: None if math.isnan(value) else value for b, value in row.items()} for a, row in distances.items()}
