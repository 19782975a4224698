"""All pictures of a model in one file: a grid of thumbnails, from which the page cuts what it shows."""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Sequence
from pathlib import Path

from PIL import Image

from lethe.core.records import ImageKey
from lethe.io.atomic import write_bytes
from lethe.io.shards import ShardReader

QUALITY = 85  # of WebP, where pictures are scaled down and so no longer exact anyway
LARGEST = 16383  # pixels that a side of a WebP may have


def write_sprite(
    path: Path,
    shard: ShardReader,
    entities: int,
    seeds: Sequence[int],
    thumbnail: int,
    asked: Collection[int] | None = None,
) -> dict[str, int]:
    """Write the pictures of a shard as one WebP, receiver by receiver and seed by seed, in rows of ``columns``.

    Pictures of at most ``thumbnail`` pixels a side stay exact (lossless); larger ones are scaled down.

    Args:
        asked: receivers that the model was asked for; the places of others stay black. None: all.

    Returns:
        ``columns``, ``width`` and ``height`` of one picture in pixels.

    Raises:
        CorruptFileError: if the shard lacks a picture or one is damaged.
        ValueError: if pictures differ in size, or the grid is larger than a WebP can be.
    """
    keys = [ImageKey(receiver, seed) for receiver in range(entities) for seed in seeds]
    columns = math.ceil(math.sqrt(len(keys)))
    sheet, exact, first = None, True, (0, 0)
    shown = [(place, key) for place, key in enumerate(keys) if asked is None or key.receiver in asked]
    pictures = shard.pictures([key.file_name for _, key in shown])
    for (place, key), pixels in zip(shown, pictures, strict=True):
        picture = Image.fromarray(pixels).convert("RGB")
        if sheet is None:
            first, exact = picture.size, max(picture.size) <= thumbnail
        if picture.size != first:
            raise ValueError(
                f"{shard.path}: '{key.file_name}' is {picture.size}, '{keys[0].file_name}' {first}; one size is needed"
            )
        picture.thumbnail((thumbnail, thumbnail), Image.Resampling.LANCZOS)
        if sheet is None:
            whole = (columns * picture.width, math.ceil(len(keys) / columns) * picture.height)
            if max(whole) > LARGEST:
                raise ValueError(
                    f"{shard.path}: {len(keys)} thumbnails need {whole} pixels; allowed: {LARGEST}; take smaller ones"
                )
            sheet, size = Image.new("RGB", whole), picture.size
        sheet.paste(picture, (place % columns * size[0], place // columns * size[1]))
    if sheet is None:
        raise ValueError(f"{shard.path}: no pictures to show ({entities} entities, {len(seeds)} seeds)")
    buffer = io.BytesIO()
    sheet.save(buffer, format="WEBP", lossless=exact, quality=0 if exact else QUALITY, method=0 if exact else 4)
    write_bytes(path, buffer.getvalue())
    return {"columns": columns, "width": size[0], "height": size[1]}
