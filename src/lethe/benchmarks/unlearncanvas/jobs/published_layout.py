"""The images of a task in the layout and in the table of the published data set, for other people's code."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from PIL import Image

from lethe.diffusion.testbed.receivers import Receiver, read_receivers
from lethe.io.atomic import atomic_path
from lethe.io.shards import ShardReader
from lethe.io.tables import write_parquet
from lethe.settings.unlearncanvas import UnlearnCanvas

SEED_IMAGES = "Seed_Images"  # the published folder of the photos
QUALITY = 95  # of a JPEG


def write_layout(tar: Path, index: Path, receivers: Path, folder: Path, table: Path, settings: UnlearnCanvas) -> None:
    """Write ``{Style}/{Object}/{k}.jpg``, k from 1, and a parquet with the columns ``image`` (JPEG bytes) and ``text``.

    Images of one k show the same seed image in every style; photos lie in ``Seed_Images``.

    Args:
        tar, index: the training images of the task.
        settings: which attributes are style and object.
    """
    rows = []
    with atomic_path(folder) as part:
        for receiver, number, data in _images(tar, index, {r.name: r for r in read_receivers(receivers)}):
            style, thing = receiver.value(settings.style), receiver.value(settings.object)
            named = SEED_IMAGES if style == settings.photo else _published(style)
            place = part / named / _published(thing) / f"{number}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            rows.append({"image": data, "text": receiver.prompt})
    write_parquet(table, pd.DataFrame(rows))


def _images(tar: Path, index: Path, named: dict[str, Receiver]) -> Iterator[tuple[Receiver, int, bytes]]:
    """What each image shows, its number within the cell from 1 on, and its JPEG file."""
    with ShardReader(tar, index) as shard:
        for entity, rows in shard.table.groupby("entity", sort=False):
            for number, member in enumerate(rows["member"], start=1):
                file = io.BytesIO()
                Image.fromarray(shard.read(member)).save(file, "JPEG", quality=QUALITY)
                yield named[str(entity)], number, file.getvalue()


def _published(value: str) -> str:
    """``van gogh`` as the published folders spell it: ``Van_Gogh``."""
    return "_".join(word.capitalize() for word in value.replace("_", " ").split())
