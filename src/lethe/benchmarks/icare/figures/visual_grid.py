"""Pictures themselves: what the base and every unlearned model draw, for one emitter and a choice of receivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.figures.quantities import quantity
from lethe.core.methods import UNCHANGED
from lethe.core.records import ImageKey, ModelId
from lethe.diffusion.methods import METHODS
from lethe.diffusion.testbed.schema import read_metadata
from lethe.figures import tables
from lethe.figures.style import DPI, INK, method_name, publish, styled
from lethe.figures.text import wrapped
from lethe.io.shards import ShardReader
from lethe.io.tables import read_json, read_parquet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture = NDArray[np.uint8]
OFF = "off"  # the row of the base
ROLES = {"emitter": 1, "most similar": 3, "most interfered": 2, "least similar": 2}  # columns from left to right
FRAME = "#CC79A7"
CELL, LEFT, TOP = 1.12, 0.95, 0.85  # inches: one picture, row labels, column titles


def data(
    pairs: pd.DataFrame,
    similarity: Sequence[Mapping[str, Any]],
    metadata: Sequence[Mapping[str, Any]],
    emitter: int,
    seed: int,
    metric: str,
    methods: Sequence[str],
) -> pd.DataFrame:
    """One row per picture: ``row`` (``off`` or a method), role, receiver, its similarity, seed, member, metric value.

    Columns are the emitter, its three most similar receivers, the two most harmed of the others (mean of ``metric``
    over methods, that which changes nothing apart) and the two least similar of the rest.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        similarity: records of ``similarity_{kind}_{task}.json``; unknown values count as least similar.
        metadata: records of the filtered metadata, in index order.
        emitter: index of the entity that is unlearned.
        seed: seed of the pictures.
        metric: pair metric that tells who is most harmed.
        methods: methods from top to bottom, those that unlearned this emitter.

    Raises:
        ValueError: for an emitter outside the metadata or without rows.
    """
    names = tables.entity_names(metadata)
    if not 0 <= emitter < len(names):
        raise ValueError(f"emitter {emitter} is not an index of the metadata; allowed: 0 to {len(names) - 1}")
    rows = tables.select_pairs(pairs, metric, methods)
    rows = rows[rows["emitter"] == emitter]
    if rows.empty:
        raise ValueError(f"the table of pairs has no row of emitter {emitter} with the methods {', '.join(methods)}")
    alike = np.nan_to_num(tables.similarity_matrix(similarity, metadata)[emitter], nan=-np.inf)
    changed = rows["method"].map(METHODS.role) != UNCHANGED
    harmed = rows[changed] if changed.any() else rows
    sign = 1.0 if quantity(metric).higher_is_healthier else -1.0
    health = (sign * harmed.groupby("receiver")["value"].mean()).reindex(range(len(names)), fill_value=np.inf).to_numpy(float)
    chosen = _columns(emitter, alike, health)
    values = {(m, r): v for m, r, v in zip(rows["method"], rows["receiver"], rows["value"], strict=True)}
    return pd.DataFrame(
        {
            "row": row,
            "column": place,
            "role": role,
            "emitter": emitter,
            "receiver": receiver,
            "receiver_name": names[receiver],
            "similarity": alike[receiver] if np.isfinite(alike[receiver]) else np.nan,
            "seed": seed,
            "member": ImageKey(receiver, seed).file_name,
            metric: values.get((row, receiver), np.nan),
        }
        for row in (OFF, *tables.methods_of(rows))
        for place, (role, receiver) in enumerate(chosen)
    )


def _columns(emitter: int, alike: NDArray[np.float64], health: NDArray[np.float64]) -> list[tuple[str, int]]:
    """``(role, receiver)`` of every column; no receiver twice, and fewer columns where there are fewer entities."""
    order = {"most similar": np.argsort(-alike, kind="stable"), "most interfered": np.argsort(health, kind="stable")}
    order["least similar"] = order["most similar"][::-1]
    chosen = [("emitter", emitter)]
    for role in list(ROLES)[1:]:
        taken = {receiver for _, receiver in chosen}
        chosen += [(role, int(r)) for r in order[role] if int(r) not in taken][: ROLES[role]]
    return chosen


def read_pictures(data: pd.DataFrame, readers: Mapping[str, Callable[[str], Picture]]) -> dict[tuple[str, int], Picture]:
    """Pictures of ``data``: ``(row, receiver)`` -> ``(H, W, 3)`` uint8; ``readers``: row -> function of the member."""
    cells = zip(data["row"], data["receiver"], data["member"], strict=True)
    return {(row, int(receiver)): readers[row](member) for row, receiver, member in cells}


@contextmanager
def open_shards(off: tuple[Path, Path], on: Mapping[str, tuple[Path, Path]]) -> Iterator[dict[str, Callable[[str], Picture]]]:
    """Open shards, each a tar and its index.

    Args:
        off: of the base.
        on: method -> of the model that it made of one emitter.

    Yields:
        Row -> function from member name to picture.
    """
    with ExitStack() as stack:
        yield {row: stack.enter_context(ShardReader(*shard)).read for row, shard in {OFF: off, **on}.items()}


@styled
def draw(data: pd.DataFrame, pictures: Mapping[tuple[str, int], Picture]) -> Figure:
    """Rows are the base and the methods, columns receivers; the emitter's column is framed. Pixels are not smoothed."""
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(data["row"]))
    columns = data[data["row"] == rows[0]]
    width, height = LEFT + CELL * len(columns) + 0.1, TOP + CELL * len(rows) + 0.1
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": LEFT / width, "right": 1 - 0.1 / width, "bottom": 0.1 / height, "top": 1 - TOP / height}
    spacing = {"wspace": 0.06, "hspace": 0.06}
    grid = figure.subplots(len(rows), len(columns), squeeze=False, gridspec_kw=margins | spacing)
    for line, row in zip(grid, rows, strict=True):
        for axes, receiver, role in zip(line, columns["receiver"], columns["role"], strict=True):
            _picture(axes, pictures[row, int(receiver)], framed=role == "emitter")
        label = "base\n(off)" if row == OFF else wrapped(method_name(row), 11, 3)
        line[0].text(-0.12, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    for axes, name in zip(grid[0], columns["receiver_name"], strict=True):
        axes.set_title(wrapped(name, 14, 2), fontsize=9, pad=4)
    _headings(figure, grid[0], list(columns["role"]), height)
    seed = int(data["seed"].iloc[0])
    figure.text(0.1 / width, 1 - 0.12 / height, f"seed {seed}", fontsize=9, va="top")
    return figure


def _picture(axes: Axes, picture: Picture, framed: bool) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=framed, edgecolor=FRAME, linewidth=3.5)


def _headings(figure: Figure, top: Sequence[Axes], roles: Sequence[str], height: float) -> None:
    """Over each run of columns with one role: its name and a line that spans it."""
    from matplotlib.lines import Line2D

    for role in dict.fromkeys(roles):
        places = [place for place, found in enumerate(roles) if found == role]
        left, right = top[places[0]].get_position().x0, top[places[-1]].get_position().x1
        y = 1 - 0.34 / height
        colour = FRAME if role == "emitter" else INK
        figure.add_artist(Line2D([left, right], [y, y], color=colour, linewidth=2 if role == "emitter" else 1))
        text = "unlearned" if role == "emitter" else role
        figure.text((left + right) / 2, 1 - 0.28 / height, text, ha="center", va="bottom", fontsize=10, color=INK)


def write(
    off_tar: Path,
    off_index: Path,
    on_tars: list[Path],
    on_indices: list[Path],
    pairs: Path,
    similarity: Path,
    metadata: Path,
    png: Path,
    csv: Path,
    index: int,
    models: list[str],
    seed: int,
    metric: str,
) -> None:
    """Draw the pictures of one emitter from the files of a task; see ``data``.

    Args:
        on_tars, on_indices: a shard per model.
        index: of the emitter.
        models: names of its models.
    """
    methods = [ModelId.parse(model).method for model in models]
    with open_shards((off_tar, off_index), dict(zip(methods, zip(on_tars, on_indices, strict=True), strict=True))) as readers:
        alike, entities = read_json(similarity), read_metadata(metadata)
        table = data(read_parquet(pairs), alike, entities, index, seed, metric, methods)
        pictures = read_pictures(table, readers)
    publish(draw(table, pictures), table, png, csv)
