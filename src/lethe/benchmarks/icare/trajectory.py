"""A training looked into: what it draws after some epochs, in numbers and in a strip of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.pairs import image_quantities, pair_means
from lethe.core.missing import mean
from lethe.diffusion.metrics.specs import metric_of
from lethe.figures.colours import FRAME
from lethe.figures.style import DPI, styled
from lethe.figures.text import wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Picture = NDArray[np.uint8]
ROWS = 5  # of the strip: the emitter, and the receivers that the end harms most
CELL, LEFT, TOP = 1.0, 1.1, 0.55  # inches: one picture, names of rows, titles of columns


def trajectory_table(
    off: pd.DataFrame, on: Mapping[int, pd.DataFrame], steps: Mapping[int, int], emitter: int, entities: int
) -> pd.DataFrame:
    """What interference a training has reached after some epochs.

    Args:
        off: scores of the base's images.
        on: epoch -> scores of the images of that moment. steps: epoch -> steps by then.
        entities: N.

    Returns:
        ``epochs, steps``, and of every quantity ``{q}_emitter`` (pictures of the emitter) and ``{q}_others`` (mean over the other entities).
    """
    rows = []
    for epoch, scores in on.items():
        means = pair_means(image_quantities(off, scores, f"epoch {epoch}"), entities)
        row: dict[str, Any] = {"epochs": epoch, "steps": steps[epoch]}
        for name in [name for name in means.columns if metric_of(str(name))]:
            values = means[name].to_numpy(float)
            row |= {f"{name}_emitter": values[emitter], f"{name}_others": mean(np.delete(values, emitter))}
        rows.append(row)
    return pd.DataFrame(rows)


def most_harmed(scores: pd.DataFrame, emitter: int, count: int = ROWS - 1) -> list[int]:
    """The other receivers whose pictures moved most by the end (RMSE), the worst first; of equal ones the first.

    Args:
        scores: of the images of the last moment.
    """
    moved = scores.groupby("receiver")["rmse"].mean().drop(emitter)
    return [int(receiver) for receiver in moved.sort_values(ascending=False, kind="stable").index[:count]]


@styled
def strip(pictures: Mapping[int, Mapping[int, Picture]], names: Mapping[int, str], steps: Mapping[int, int], seed: int) -> Figure:
    """Columns are the base and the epochs of the training, rows the emitter (framed) and receivers. Pixels are not smoothed.

    Args:
        pictures: epoch -> receiver -> picture; epoch 0 is the base.
        names: receiver -> name, in the order of the rows; the emitter first.
        steps: epoch -> steps by then.
    """
    from matplotlib.figure import Figure

    width, height = LEFT + CELL * len(pictures) + 0.1, TOP + CELL * len(names) + 0.1
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": LEFT / width, "right": 1 - 0.1 / width, "bottom": 0.1 / height, "top": 1 - TOP / height}
    grid = figure.subplots(len(names), len(pictures), squeeze=False, gridspec_kw=margins | {"wspace": 0.06, "hspace": 0.06})
    for row, (line, (receiver, name)) in enumerate(zip(grid, names.items(), strict=True)):
        for axes, of_epoch in zip(line, pictures.values(), strict=True):
            axes.imshow(of_epoch[receiver], interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set(visible=row == 0, edgecolor=FRAME, linewidth=3)
        line[0].text(-0.12, 0.5, wrapped(name, 13, 3), transform=line[0].transAxes, ha="right", va="center", fontsize=9)
    for axes, epoch in zip(grid[0], pictures, strict=True):
        axes.set_title(f"epoch {epoch}\n{steps[epoch]} steps" if epoch else "base\n(off)", fontsize=9, pad=4)
    figure.text(0.1 / width, 1 - 0.1 / height, f"seed {seed}", fontsize=9, va="top")
    return figure


def rows_of(emitter: int, receivers: Sequence[int], names: Sequence[str]) -> dict[int, str]:
    """Receiver -> name of a row, the emitter first; underscores become blanks."""
    found = {receiver: names[receiver].replace("_", " ") for receiver in [emitter, *receivers]}
    return found | {emitter: f"{found[emitter]} (unlearned)"}
