"""The Pareto front of forgetting and retention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lethe.benchmarks.icare.figures.marks import along_steps, name_points
from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, told
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import BLUE, INK, SEQUENTIAL
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Left: every model, the front joined and named, colour = specificity ratio. Right: the ratio on and off the front."""
    from matplotlib.figure import Figure

    data = result.table
    figure = Figure(figsize=(10, 5.0), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2.1, 1))
    on = data[data["front"]].sort_values("x")
    left.step(on["x"], on["y"], where="post", color=INK, linewidth=1.2, linestyle="--", zorder=1)
    for rows, marker, label in ((data[~data["front"]], "o", "rest"), (on, "D", "Pareto front")):
        style = {"cmap": SEQUENTIAL, "vmin": data["value"].min(), "vmax": data["value"].max()}
        shown = left.scatter(
            rows["x"], rows["y"], c=rows["value"], marker=marker, s=55, edgecolors=INK, linewidths=0.6, label=label, **style
        )
    left.set_xlabel(axis(*result.axes["x"]), multialignment="center")
    left.set_ylabel(axis(*result.axes["y"]), multialignment="center")
    left.margins(0.12)
    left.grid(True)
    left.legend(loc="lower right", fontsize=9, frameon=True)
    figure.colorbar(shown, ax=left, shrink=0.9).set_label(axis(*result.axes["value"]), multialignment="center")
    samples = [data.loc[data["front"] == chosen, "value"].dropna().to_numpy(float) for chosen in (True, False)]
    right.boxplot(samples, widths=0.6, showfliers=False, medianprops={"color": INK, "linewidth": 2})
    for place, sample in enumerate(samples, start=1):
        right.scatter(place + np.linspace(-0.18, 0.18, len(sample)), sample, s=26, color=BLUE, alpha=0.8, linewidths=0)
    right.set_xticks((1, 2), [f"front\nn = {len(samples[0])}", f"rest\nn = {len(samples[1])}"])
    right.set_ylabel("specificity ratio")
    right.grid(True, axis="y")
    told_test = [f"specificity ratio, front against rest: {told(finding)}" for finding in result.findings[1:]]
    question = "Which models can forget no more without losing more? Those of the Pareto front, "
    count = f"{len(on)} of {len(data)}, joined and named. Upper left is better."
    figure.suptitle("\n".join([heading(parameters), question + count, *told_test]), fontsize=10)
    x, y = on["x"].to_numpy(float), on["y"].to_numpy(float)
    line = along_steps(x, y)
    around = np.append(data["x"].to_numpy(float), line[0]), np.append(data["y"].to_numpy(float), line[1])
    name_points(left, x, y, on["label"].tolist(), [INK] * len(on), around)
    return figure
