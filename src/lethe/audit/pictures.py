"""Pictures of a page: some seeds of one prompt side by side, inside the page itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from PIL import Image

from lethe.core.records import ImageKey
from lethe.io.shards import ShardReader

SIDE = 128  # pixels of a picture in a page; smaller ones stay as they are
GAP = 2  # pixels between two
QUALITY = 85  # of WebP, where a picture was scaled down and so is not exact anyway


def strip(shard: ShardReader, receiver: int, seeds: Sequence[int]) -> str:
    """The pictures of a receiver under some seeds as one WebP in a ``data:`` address; exact where they have at most ``SIDE`` pixels a side.

    Raises:
        CorruptFileError: the shard lacks a picture, or one is damaged.
    """
    pictures = [Image.fromarray(shard.read(ImageKey(receiver, seed).file_name)).convert("RGB") for seed in seeds]
    exact = max(pictures[0].size) <= SIDE
    for picture in pictures:
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    width, height = pictures[0].size
    sheet = Image.new("RGBA", (len(pictures) * (width + GAP) - GAP, height), (0, 0, 0, 0))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place * (width + GAP), 0))
    buffer = io.BytesIO()
    sheet.save(buffer, format="WEBP", lossless=exact, quality=0 if exact else QUALITY, method=4, exact=exact)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
