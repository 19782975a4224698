"""One number per entity, by category: SRC, SRCD, MCME."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lethe.benchmarks.icare.figures.marks import look
from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, told
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import INK
from lethe.figures.style import method_name, panels, plain_powers, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Boxes (median, quartiles, whiskers to 1.5 IQR) and every entity; a panel per ``panel``."""
    data = result.table
    shown, categories = list(dict.fromkeys(data["panel"])), list(dict.fromkeys(data["category"]))
    methods = result.axes.get("x") is None  # MCME compares methods, the others categories of an attribute
    comparisons = [f for f in result.findings if f.name != "mean"]
    most = max(sum(f.group.startswith(panel) for f in comparisons) for panel in shown)
    figure, grid, _ = panels(len(shown), 3, 4.2, extra=0.6 + 0.2 * most, sharey=not methods)
    if len(shown) == 1:
        figure.set_size_inches(max(5.6, 1.5 + 1.3 * len(categories)), 4.8 + 0.2 * most)
    for axes, panel in zip(grid, shown, strict=True):
        rows = data[data["panel"] == panel]
        for place, category in enumerate(categories):
            _strip(axes, place, rows.loc[rows["category"] == category, "y"].to_numpy(float), look(category, categories, methods))
        counts = rows["category"].value_counts()
        names = [method_name(c) if methods else c for c in categories]
        axes.set_xticks(
            range(len(names)), [f"{wrapped(n, 14, 3)}\nn = {counts.get(c, 0)}" for n, c in zip(names, categories, strict=True)]
        )
        axes.tick_params(axis="x", length=0)
        axes.grid(True, axis="y")
        if methods and _wide(rows["y"].to_numpy(float)):
            axes.set_yscale("symlog", linthresh=1)
            plain_powers(axes.yaxis)
        what = f"emitters: {shortened(panel, 60)}" if panel and not methods else shortened(panel, 60)
        own = [_compared(f.group, panel) + told(f, short=":" in f.group) for f in comparisons if f.group.startswith(panel)]
        axes.set_title("\n".join(filter(None, [what, *own])), fontsize=8)
    if not methods:
        prefix = "receivers, " if any(shown) else ""
        figure.supxlabel(prefix + axis(*result.axes["x"]).lower(), fontsize=10)
    figure.supylabel(axis(*result.axes["y"]), fontsize=10, multialignment="center")
    figure.suptitle(heading(parameters), fontsize=11)
    return figure


def _compared(group: str, panel: str) -> str:
    """Before a finding: ``people: uce - munba`` in the panel ``people`` is ``UCE − MUNBa: ``; a group that is the panel itself is nothing."""
    rest = group.removeprefix(f"{panel}: ") if group != panel else ""
    return " \u2212 ".join(method_name(name) for name in rest.split(" - ")) + ": " if rest else ""


def _strip(axes: Axes, place: int, values: np.ndarray, style: dict[str, Any]) -> None:
    if len(values) > 2:
        thin = {"color": style["color"], "linewidth": 1.4}
        axes.boxplot(
            [values], positions=[place], widths=0.62, showfliers=False, patch_artist=True, manage_ticks=False,
            boxprops={"facecolor": "white", "edgecolor": style["color"], "linewidth": 1.4},
            medianprops={"color": INK, "linewidth": 2.2}, whiskerprops=thin, capprops=thin,
        )  # fmt: skip
    x = place + (np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1))
    axes.scatter(x[: len(values)], values, s=26 if len(values) <= 40 else 12, alpha=0.8, linewidths=0, zorder=3, **style)


def _wide(values: np.ndarray) -> bool:
    """Whether some values are far beyond the others, so that a linear scale would hide most."""
    return bool(np.abs(values).max() > 20 * max(1.0, float(np.median(np.abs(values)))))
