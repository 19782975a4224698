"""How much SPEED can erase: residual against the rank of the null space, a line per concept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.figures.words import KINDS
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasParameters, CanvasTemplate
from lethe.figures.colours import CATEGORIES, INK
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Files, Pictures
from lethe.figures.templates.result import Result
from lethe.settings.strict import check_known
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.figures.templates.world import World

SPEED = "speed"  # whose capacity it is
TABLE = "capacity"
DASHES = ("-", "--", ":", "-.")


def compute(parameters: CanvasParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per concept and rank: ``concept, name, kind, rank, residual, chosen``."""
    return Result.of_table(data.tables[TABLE][["concept", "name", "kind", "rank", "residual", "chosen"]])


@styled
def draw(result: Result, parameters: CanvasParameters, pictures: Pictures) -> Figure:
    """A panel per kind; a dot where the method stands."""
    from matplotlib.figure import Figure

    data = result.table
    kinds = [kind for kind in ATTRIBUTES if (data["kind"] == kind).any()]
    figure = Figure(figsize=(1 + 5 * len(kinds), 4.6), dpi=DPI, layout="constrained")
    (panels,) = figure.subplots(1, len(kinds), squeeze=False, sharey=True)
    for axes, kind in zip(panels, kinds, strict=True):
        own = data[data["kind"] == kind]
        for place, (_, curve) in enumerate(own.groupby("concept", sort=True)):
            colour = CATEGORIES[place % len(CATEGORIES)]
            dashes = DASHES[place % len(DASHES)]  # for readers without colours
            axes.plot(
                curve["rank"], curve["residual"], color=colour, linestyle=dashes, linewidth=1.2, label=str(curve["name"].iloc[0])
            )
            at = curve[curve["chosen"].astype(bool)]
            axes.scatter(at["rank"], at["residual"], color=colour, edgecolors=INK, s=46, zorder=3, clip_on=False)
        axes.set_title(KINDS[kind])
        axes.set(xlim=(0, int(data["rank"].max())), ylim=(-0.03, 1.03), xlabel="rank of the null space")
        axes.grid(True)
        if own["concept"].nunique() <= len(CATEGORIES):  # more have no colours of their own
            axes.legend(fontsize=8)
    panels[0].set_ylabel("residual: share of the way\nto the guide that is left")
    figure.suptitle(
        "How much SPEED can erase: the more prompts are kept, the smaller the null space, and the less can move\n"
        "1: nothing is erased. Dot: the rank that the method's threshold leaves.",
        fontsize=10,
    )
    return figure


@dataclass(frozen=True)
class _CapacityTemplate(CanvasTemplate[CanvasParameters]):
    def check(self, parameters: CanvasParameters, world: World) -> None:
        """Refuse also a task on which SPEED does not run."""
        super().check(parameters, world)
        check_known("method", SPEED, world.models.methods_of(parameters.task))

    def load(self, parameters: CanvasParameters, files: Files, facts: Mapping[str, Any]) -> CanvasData:
        """The table, which has no column of methods, and the cells."""
        data = CanvasTemplate.load(replace(self, tables=()), parameters, files, facts)
        return data._replace(tables={TABLE: pd.read_csv(files[TABLE][0])})


TEMPLATE = _CapacityTemplate(
    "UnlearnCanvasCapacity", "How much SPEED can erase", CanvasParameters, compute, draw, (TABLE,),
)  # fmt: skip
