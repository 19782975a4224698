"""Pictures of a model as sheets: grids of thumbnails of some receivers each, from which the page cuts what it shows."""

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
PICTURES = 128  # of a sheet, at most; a receiver's pictures are on one sheet however many there are


def write_sheets(
    folder: Path,
    shard: ShardReader,
    entities: int,
    seeds: Sequence[int],
    thumbnail: int,
    asked: Collection[int] | None = None,
) -> dict[str, int]:
    """Write the pictures of a shard as WebPs ``0.webp``, ``1.webp`` ..., receiver by receiver and seed by seed, in rows of ``columns``.

    One sheet is held at a time. Pictures of at most ``thumbnail`` pixels a side stay exact (lossless); larger ones are scaled down.

    Args:
        asked: receivers that the model was asked for; the places of others stay black, a sheet of none is not written. None: all.

    Returns:
        ``receivers`` of a sheet, ``columns`` of its rows, ``width`` and ``height`` of one picture in pixels.

    Raises:
        CorruptFileError: if the shard lacks a picture or one is damaged.
        ValueError: if pictures differ in size, or a sheet is larger than a WebP can be.
    """
    each = max(1, PICTURES // len(seeds))
    columns = math.ceil(math.sqrt(min(each, entities) * len(seeds)))
    first = small = (0, 0)
    for number, start in enumerate(range(0, entities, each)):
        keys = [ImageKey(receiver, seed) for receiver in range(start, min(start + each, entities)) for seed in seeds]
        shown = [(place, key) for place, key in enumerate(keys) if asked is None or key.receiver in asked]
        sheet = None
        for (place, key), pixels in zip(shown, shard.pictures([key.file_name for _, key in shown]), strict=True):
            picture = Image.fromarray(pixels).convert("RGB")
            first = picture.size if first == (0, 0) else first
            if picture.size != first:
                raise ValueError(f"{shard.path}: '{key.file_name}' is {picture.size}, others are {first}; one size is needed")
            picture.thumbnail((thumbnail, thumbnail), Image.Resampling.LANCZOS)
            small = picture.size
            if sheet is None:
                whole = (columns * small[0], math.ceil(len(keys) / columns) * small[1])
                if max(whole) > LARGEST:
                    raise ValueError(
                        f"{shard.path}: {len(keys)} thumbnails need {whole} pixels; allowed: {LARGEST}; take smaller ones"
                    )
                sheet = Image.new("RGB", whole)
            sheet.paste(picture, (place % columns * small[0], place // columns * small[1]))
        if sheet is not None:
            exact, buffer = max(first) <= thumbnail, io.BytesIO()
            sheet.save(buffer, format="WEBP", lossless=exact, quality=0 if exact else QUALITY, method=0 if exact else 4)
            write_bytes(folder / f"{number}.webp", buffer.getvalue())
    if first == (0, 0):
        raise ValueError(f"{shard.path}: no pictures to show ({entities} entities, {len(seeds)} seeds)")
    return {"receivers": each, "columns": columns, "width": small[0], "height": small[1]}
