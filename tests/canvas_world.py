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


CHANNELS = (128, 128)  # of a vision transformer: the published names at a width of 128 in two blocks


def write_checkpoint(path: Path, attribute: str) -> Path:
    """A classifier of ``style`` or ``object`` as published: ``{"model_state_dict": ...}`` with timm's names.

    Its blocks are random; its head is fitted to all pictures by least squares, so it knows every one of them.
    """
    import torch
    from timm.models.vision_transformer import VisionTransformer

    torch.manual_seed(0)
    place, values = (0, list(THEMES)) if attribute == "style" else (1, list(OBJECTS))
    model = VisionTransformer(224, 16, num_classes=len(values), embed_dim=CHANNELS[0], depth=len(CHANNELS), num_heads=2).eval()
    pixels = np.stack(
        [np.asarray(Image.open(io.BytesIO(data)).resize((224, 224), Image.Resampling.BILINEAR)) for data in pictures().values()]
    )
    with torch.no_grad():
        shown = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        features = model.forward_head(model.forward_features(shown), pre_logits=True).double()
        wanted = torch.eye(len(values)).double()[[values.index(key[place]) for key in pictures()]]
        weight, bias = torch.linalg.lstsq(features - features.mean(0), wanted - wanted.mean(0)).solution.T, wanted.mean(0)
        model.head.weight.copy_(50 * weight)
        model.head.bias.copy_(50 * (bias - weight @ features.mean(0)))
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model_state_dict": model.state_dict()}, path)
    return path


def write_answers(folder: Path, targets: Sequence[str], seeds: Sequence[int], photo: str = "Seed_Images") -> Path:
    """``{Target}/{Theme}_{Object}_seed{seed}.jpg`` of some models, or of none in the folder itself, as those of a base.

    A model has forgotten its target under the first seed: of a style it draws photos there, of an object the other one.
    """
    for target in targets or [""]:
        (folder / target).mkdir(parents=True, exist_ok=True)
        for theme, thing in ((theme, thing) for theme in THEMES for thing in OBJECTS):
            for number, seed in enumerate(seeds, start=1):
                forgotten = number == 1
                drawn_theme = "Seed_Images" if forgotten and theme == target else theme
                drawn = next(other for other in OBJECTS if other != thing) if forgotten and thing == target else thing
                named = photo if theme == "Seed_Images" else theme
                shown = pictures()[drawn_theme, drawn, number]
                (folder / target / f"{named}_{thing}_seed{seed}.jpg").write_bytes(shown)
    return folder
