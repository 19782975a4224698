"""A small UnlearnCanvas in the forms in which it is published: folder, parquet shards, checkpoints of classifiers, answer sets.

What is invented: pictures (of the embedded world, 32 px), and that there are three themes and two objects. What is not: names, layouts, keys.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from lethe.diffusion.sources.canvas import RenderedCanvas

THEMES = {"Cartoon": "cartoon", "Mosaic": "mosaic", "Seed_Images": "photo"}  # published -> of the embedded world
OBJECTS = {"Fishes": "fish", "Trees": "tree"}
SIDE, IMAGES = 32, 20
OPTIONS: dict[str, Any] = {"themes": list(THEMES), "objects": list(OBJECTS), "shorter": SIDE}
Name = Callable[[str, str, int], str | None]


@lru_cache(maxsize=1)
def pictures() -> dict[tuple[str, str, int], bytes]:
    """Theme, object, number -> JPEG."""
    world = RenderedCanvas(training=IMAGES)
    return {
        (theme, thing, number): jpeg(image.pixels)
        for theme, style in THEMES.items()
        for thing, drawn in OBJECTS.items()
        for number, image in enumerate(world.images(f"{style}_{drawn}"), start=1)
    }


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_folder(folder: Path) -> Path:
    """``{Style}/{Object}/{k}.jpg``."""
    for (theme, thing, number), data in pictures().items():
        place = folder / theme / thing / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def write_shards(folder: Path, name: Name, order: Sequence[int] | None = None, shards: int = 3) -> Path:
    """Parquet shards as on the hub, style by style.

    Args:
        name: theme, object, number -> ``image.path``.
        order: places of the rows in the order of the file; by theme, object and number by default.
    """
    keys = list(pictures())
    keys = [keys[place] for place in order] if order is not None else keys
    folder.mkdir(parents=True, exist_ok=True)
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for shard, part in enumerate(np.array_split(np.arange(len(keys)), shards)):
        rows = [keys[place] for place in part]
        image = pa.array([{"bytes": pictures()[key], "path": name(*key)} for key in rows], struct)
        table = pa.table({"image": image, "text": pa.array([caption(theme, thing) for theme, thing, _ in rows])})
        pq.write_table(table, folder / f"train-{shard:05d}-of-{shards:05d}.parquet", row_group_size=16)
    return folder


def caption(theme: str, thing: str) -> str:
    """As the published metadata: no full stop, `An` before `Architectures` alone."""
    style = "photo" if theme == "Seed_Images" else theme.replace("_", " ")
    return f"{'An' if thing == 'Architectures' else 'A'} {thing} image in {style} style"
