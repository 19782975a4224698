"""One number per entity as bars: how popular entities are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.figures.style import DPI, styled
from lethe.figures.text import shortened

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@styled
def draw(values: pd.Series[float]) -> Figure:
    """A bar per entity, the first on top; the index holds the names, the series' name is the label."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.25 * len(values) + 1), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(values)), values.to_numpy(float))
    axes.set_yticks(range(len(values)), [shortened(str(name).replace("_", " "), 40) for name in values.index])
    axes.invert_yaxis()
    axes.set_xlabel(str(values.name).replace("_", " "))
    return figure
