"""Source images of a task: a few of each entity, one column per entity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lethe.benchmarks.icare.figures.visual_grid import CELL, Picture
from lethe.figures.style import DPI, styled
from lethe.figures.text import wrapped
from lethe.io.shards import ShardReader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = 0.5  # inches over the pictures, two lines of a name


def read(tar: str | Path, index: str | Path, names: Sequence[str], count: int) -> dict[str, list[Picture]]:
    """The first ``count`` images of every entity, in the order of the shard.

    Args:
        tar, index: ``sources/{task}.tar`` and ``.parquet``. names: raw names of the entities to show.
        count: images per entity, at least 1.

    Raises:
        ValueError: for an entity without images in the shard, or ``count`` below 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}; at least 1 image per entity is shown")
    with ShardReader(tar, index) as shard:
        members = shard.table.groupby("entity")["member"].apply(list).to_dict()
        if missing := [name for name in names if name not in members]:
            raise ValueError(f"{index} has no images of {', '.join(missing)}")
        return {name: [shard.read(member) for member in members[name][:count]] for name in names}


@styled
def draw(pictures: Mapping[str, Sequence[Picture]]) -> Figure:
    """Columns are entities, rows their images; pixels are not smoothed."""
    from matplotlib.figure import Figure

    rows = max(len(images) for images in pictures.values())
    width, height = CELL * len(pictures), CELL * rows + TITLE
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": 0.01, "right": 0.99, "bottom": 0.01, "top": 1 - TITLE / height, "wspace": 0.06, "hspace": 0.06}
    grid = figure.subplots(rows, len(pictures), squeeze=False, gridspec_kw=margins)
    for axes in grid.flat:
        axes.set_axis_off()
    for column, (name, images) in enumerate(pictures.items()):
        grid[0][column].set_title(wrapped(name.replace("_", " "), 14, 2), fontsize=9, pad=4)
        for row, image in enumerate(images):
            grid[row][column].imshow(image, interpolation="nearest")
    return figure
