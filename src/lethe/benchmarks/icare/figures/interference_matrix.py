"""Interference matrices: what unlearning each entity did to every other one, a panel per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.io.tables import read_parquet
from lethe.figures import tables
from lethe.figures.heatmap import COLUMNS, heatmap, heatmap_figure
from lethe.benchmarks.icare.figures.quantities import Quantity, quantity
from lethe.figures.style import method_name, publish, styled
from lethe.diffusion.testbed.schema import read_metadata

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(pairs: pd.DataFrame, metadata: Sequence[Mapping[str, Any]], metric: str, methods: Sequence[str]) -> pd.DataFrame:
    """One row per cell: ``method, emitter, receiver, emitter_name, receiver_name, value``.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        metadata: records of the filtered metadata, in index order.
        metric: a pair metric, see ``lethe.benchmarks.icare.figures.quantities``.
        methods: methods in the order of panels.
    """
    quantity(metric)
    return tables.with_names(tables.select_pairs(pairs, metric, methods), tables.entity_names(metadata))


@styled
def draw(data: pd.DataFrame, metric: str) -> Figure:
    """Rows are emitters, columns receivers; emitters without a model are grey; all panels share one colour scale.

    Red is always harm. The scale covers the receivers, so the diagonal (outlined; change is the aim) may lie beyond.
    """
    what = quantity(metric)
    names = _names(data)
    shown = tables.methods_of(data)
    matrices = {m: tables.matrix(data[data["method"] == m], len(names)) for m in shown}
    scale = colour_scale(what, np.concatenate([tables.off_diagonal(values) for values in matrices.values()]))
    figure, panels = heatmap_figure(len(shown), names, gap=0.15, right=1.2)
    for place, method in enumerate(shown):
        image = heatmap(panels, place, matrices[method], names, **scale)
        panels[place].set_title(method_name(method))
    drawn = np.concatenate([values[np.isfinite(values)] for values in matrices.values()])
    below, above = bool(drawn.min() < scale["vmin"]), bool(drawn.max() > scale["vmax"])
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    first, last = panels[0].get_position(), panels[-1].get_position()
    right = panels[min(len(panels), COLUMNS) - 1].get_position().x1
    width = float(figure.get_figwidth())
    bar = figure.add_axes((right + 0.15 / width, last.y0, 0.17 / width, first.y1 - last.y0))
    figure.colorbar(image, cax=bar, extend=extend).set_label(what.axis, multialignment="center")
    return figure


def _names(data: pd.DataFrame) -> list[str]:
    known = dict(zip(data["receiver"], data["receiver_name"], strict=True))
    known |= dict(zip(data["emitter"], data["emitter_name"], strict=True))
    return [known.get(i, str(i)) for i in range(max(known) + 1)]


def colour_scale(what: Quantity, values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """Colour map and limits: no change is white, harm is red; the largest 1 % of the receivers may saturate."""
    limit = float(np.quantile(np.abs(values - what.unchanged), 0.99)) if values.size else 0.0
    limit = limit or 1.0  # all unchanged, as `none` must be: any width will do
    if what.difference:
        cmap = "RdBu" if what.higher_is_healthier else "RdBu_r"
        return {"cmap": cmap, "vmin": what.unchanged - limit, "vmax": what.unchanged + limit}
    if what.higher_is_healthier:
        return {"cmap": "Reds_r", "vmin": what.unchanged - limit, "vmax": what.unchanged}
    return {"cmap": "Reds", "vmin": what.unchanged, "vmax": what.unchanged + limit}


def write(pairs: Path, metadata: Path, png: Path, csv: Path, metric: str, methods: list[str]) -> None:
    """Draw the interference matrices of a task from its files; see ``data``."""
    table = data(read_parquet(pairs), read_metadata(metadata), metric, methods)
    publish(draw(table, metric), table, png, csv)
