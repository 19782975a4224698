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


CHANNELS = (64, 64)  # of a vision transformer: the published names at a width of 64 in two blocks


def write_checkpoint(path: Path, classes: int, seed: int = 0) -> Path:
    """A classifier as published: ``{"model_state_dict": ...}`` with timm's names; its weights are random."""
    import torch
    from timm.models.vision_transformer import VisionTransformer

    torch.manual_seed(seed)
    model = VisionTransformer(224, 16, num_classes=classes, embed_dim=CHANNELS[0], depth=len(CHANNELS), num_heads=1)
    torch.nn.init.normal_(model.head.weight)  # else every picture is of one class
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model_state_dict": model.state_dict()}, path)
    return path


def write_answers(folder: Path, targets: Sequence[str], seeds: Sequence[int], photo: str = "Seed_Images") -> Path:
    """``{Target}/{Theme}_{Object}_seed{seed}.jpg`` of some models; of none in the folder itself, as those of a base."""
    for place, target in enumerate(targets or [""]):
        (folder / target).mkdir(parents=True, exist_ok=True)
        for theme in THEMES:
            for thing in OBJECTS:
                for number, seed in enumerate(seeds, start=1):
                    named = photo if theme == "Seed_Images" else theme
                    shown = pictures()[theme, thing, 1 + (number + 3 * place) % IMAGES]
                    (folder / target / f"{named}_{thing}_seed{seed}.jpg").write_bytes(shown)
    return folder
