"""What the page fetches when a row of the matrix is opened: the numbers and pictures of one model, or of the base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.explorer.data import encoded, script, seed_data
from lethe.benchmarks.icare.explorer.sprites import write_sheets
from lethe.diffusion.metrics.specs import spec_of
from lethe.io.atomic import atomic_path, write_text
from lethe.io.shards import Decoder, ShardReader
from lethe.io.tables import write_json
from lethe.settings.receivers import ALL

PICTURES = "pictures.json"  # how the sheets of a row are laid out; a row without pictures has no such file


def write_row(
    folder: str | Path,
    numbers: pd.DataFrame,
    pairs: pd.DataFrame | None,
    shard: tuple[str | Path, str | Path] | None,
    entities: int,
    seeds: Sequence[int],
    thumbnail: int,
    receivers: str = ALL,
    decoder: Decoder | None = None,
) -> None:
    """Write a row as a folder, all or nothing: ``row.js``, and where there are pictures ``0.webp``, ``1.webp`` ... and ``pictures.json``.

    Args:
        folder: ``rows/{run}``, where the run is ``{task}_baseline`` or the name of a model.
        numbers: ``receiver, seed`` and a column per metric of single images; nothing but these two where no such number is known.
        pairs: ``metric, receiver, value`` of the model; None: of the base.
        shard: tar and index of its pictures; None: there are none.
        entities: N. seeds: of the pictures. thumbnail: largest side of one in pixels.
        receivers: which the model was asked for, in words.
        decoder: of latents, where the shard may hold them.

    Raises:
        ValueError, CorruptFileError: see ``write_sheets``.
    """
    folder = Path(folder)
    with atomic_path(folder) as part:
        part.mkdir()
        content = seed_data(numbers[numbers["seed"].isin(seeds)], entities, seeds)
        content["means"] = None if pairs is None else _means(pairs, entities)
        write_text(part / "row.js", script("row", folder.name, content))
        if shard is not None:
            asked = None if receivers == ALL else {int(index) for index in numbers["receiver"]}
            with ShardReader(*shard, decoder) as reader:
                write_json(part / PICTURES, write_sheets(part, reader, entities, seeds, thumbnail, asked))


def _means(pairs: pd.DataFrame, entities: int) -> dict[str, Any]:
    """The values of the pairs of a model, as exact as float32: names of ``metrics``, ``values`` (metrics, N)."""
    names = [str(name) for name in pairs["metric"].drop_duplicates() if spec_of(str(name)).kind != "image"]
    values = np.full((len(names), entities), np.nan)
    for place, name in enumerate(names):
        rows = pairs[pairs["metric"] == name]
        values[place, rows["receiver"]] = rows["value"]
    return {"metrics": names, "values": encoded(values)}
