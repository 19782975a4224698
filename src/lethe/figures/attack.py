"""Can what was forgotten be drawn again? Success against steps of a search, and words beside the most that any words can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.attacks.table import ANOTHER, EVERY, OWN, PROMPT, RANDOM, VECTORS, WORDS
from lethe.diffusion.methods import ROLES
from lethe.figures.colours import EDGE, GREY, INK, STEEL, WHITE
from lethe.figures.references import in_order, look, row_name
from lethe.figures.style import DPI, method_colour, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPAN = 0.62  # of the space between two numbers of steps, over which the methods stand apart
LINE = 0.34  # inches of a row of words
WIDTH = 10.4  # inches that title and legend need
NO_SEARCH = "prompt\nalone"
COLUMNS = ("concept", "name", "kind", "method", "model", "attack", "steps", "success", "low", "high", "n", "images")


def shown(table: pd.DataFrame, methods: Sequence[str], judge: int) -> pd.DataFrame:
    """One row per row of the table: success to one judge with its interval.

    Args:
        table: see ``lethe.diffusion.attacks.table.attack_table``.
        methods: in the order that they are drawn below the references.
    """
    name = f"success_{judge}"
    renamed = {name: "success", f"{name}_low": "low", f"{name}_high": "high"}
    found = table[table["method"].isin(methods)].rename(columns=renamed)[list(COLUMNS)]
    place = {method: number for number, method in enumerate(in_order(methods))}
    found = found.sort_values(["concept"], kind="stable").sort_values("method", key=lambda m: m.map(place), kind="stable")
    return found.sort_values("concept", kind="stable")


@styled
def draw(data: pd.DataFrame, *, level: float, units: str, judge: int) -> Figure:
    """A column per concept. Above: success against steps of the search for vectors. Below: words, a row per method.

    Args:
        data: of ``shown``.
        level: of the intervals, which are over ``units``. judge: its number.
    """
    from matplotlib.figure import Figure

    methods = list(dict.fromkeys(data["method"]))
    concepts = list(dict.fromkeys(data["concept"]))
    height = LINE * len(methods) + 0.6
    figure = Figure(figsize=(max(WIDTH, 5.2 * len(concepts)), 3.6 + height + 2.3), dpi=DPI, layout="constrained")
    grid = figure.subplots(2, len(concepts), squeeze=False, sharey="row", gridspec_kw={"height_ratios": [3.6, height]})
    for column, concept in zip(grid.T, concepts, strict=True):
        own = data[data["concept"] == concept]
        _steps(column[0], own, methods)
        _words(column[1], own, methods)
        column[0].set_title(f"forgotten: {own['name'].iloc[0]} ({own['kind'].iloc[0]})", fontsize=10.5)
        column[0].set_xlabel("steps of the search for free vectors", fontsize=9)
        column[1].set_xlabel("success with words beside the prompt", fontsize=9)
    grid[0][0].set_ylabel("success: share of pictures\nin which the target is seen", fontsize=9)
    grid[1][0].set_yticks(range(len(methods)), [row_name(method) for method in methods])
    handles = _handles(grid[0][0], methods, tried=EVERY in set(data["attack"]))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(3, 1 + len(concepts)), fontsize=8.5)
    figure.suptitle(
        "Can what was forgotten be drawn again, and is it recovery or teaching?\n"
        f"{_limit(methods)}\n"
        f"Line: {100 * level:g} % interval over {units}. Judge {judge}.",
        fontsize=10,
    )
    return figure


def _steps(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    """Equal distances between the numbers of steps, on their left the prompt alone; on the right, hollow, models that forgot another concept."""
    searched = rows[(rows["attack"] == VECTORS) & (rows["model"] == OWN)]
    steps = sorted(set(searched["steps"]))
    for place, method in enumerate(methods):
        shift = SPAN * ((place + 0.5) / len(methods) - 0.5)
        own = rows[rows["method"] == method]
        alone = own[(own["attack"] == PROMPT) & (own["model"] == OWN)]
        curve = pd.concat([alone.assign(steps=-1), searched[searched["method"] == method].sort_values("steps")])
        x = np.array([0 if step < 0 else 1 + steps.index(step) for step in curve["steps"]]) + shift
        colour = _colour(method, methods)
        emphasis = 2.4 if ROLES.role(method) == RETRAINED else 1.3
        axes.plot(x, curve["success"], color=colour, linewidth=emphasis, zorder=2, alpha=0.85)
        axes.vlines(x, curve["low"], curve["high"], color=colour, linewidth=1.4, zorder=2)
        axes.scatter(x, curve["success"], s=42, zorder=3, clip_on=False, linewidths=0.9, **look(method, methods))
        control = own[(own["attack"] == VECTORS) & (own["model"] == ANOTHER)]
        if len(control):
            axes.scatter(
                [1 + len(steps) + shift], control["success"].iloc[:1], s=42, zorder=3, clip_on=False, facecolors=WHITE,
                edgecolors=colour, marker=look(method, methods)["marker"], linewidths=1.3,
            )  # fmt: skip
    for edge in range(len(steps) + 1):
        axes.axvline(edge + 0.5, color=EDGE if edge in (0, len(steps)) else GREY, linewidth=0.8, zorder=1)
    last = f"{steps[-1]},\nanother\nforgotten" if steps else ""
    axes.set_xticks(range(len(steps) + 2), [NO_SEARCH, *map(str, steps), last], fontsize=8.5)
    axes.set_xlim(-0.5, len(steps) + 1.5)
    axes.set_ylim(-0.03, 1.03)
    axes.grid(True, axis="y")


def _words(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    """Of every method random words, words that were searched for, and as a bar the most that any words can do."""
    own = rows[rows["model"] == OWN]
    for place, method in enumerate(methods):
        rows_of = own[own["method"] == method].drop_duplicates("attack")
        found = {
            str(row["attack"]): [float(row[end]) for end in ("success", "low", "high")] for row in rows_of.to_dict("records")
        }
        if EVERY in found:
            axes.barh(place, found[EVERY][0], height=0.62, color=GREY, zorder=1)
            axes.plot([found[EVERY][0]] * 2, [place - 0.36, place + 0.36], color=INK, linewidth=2, zorder=4, clip_on=False)
        if RANDOM in found:
            axes.scatter([found[RANDOM][0]], [place + 0.17], marker="|", s=70, color=STEEL, linewidths=2, zorder=3)
        if WORDS in found:
            value, low, high = found[WORDS]
            if np.isfinite(low):
                axes.plot([low, high], [place - 0.12] * 2, color=INK, linewidth=1.4, zorder=3)
            axes.scatter([value], [place - 0.12], s=40, zorder=5, clip_on=False, linewidths=0.9, **look(method, methods))
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)


def _colour(method: str, methods: list[str]) -> str:
    return INK if ROLES.role(method) in (RETRAINED, UNCHANGED) else method_colour(method, methods)


def _limit(methods: list[str]) -> str:
    """How what is recovered can be told from what an attack teaches."""
    if any(ROLES.role(method) == RETRAINED for method in methods):
        return "What a model that never saw the target (retrain) can be made to draw is taught, not recovered."
    return "No model was retrained without the target, so what is drawn may be taught by the attack, not recovered."


def _handles(axes: Axes, methods: list[str], tried: bool) -> list[object]:
    found: list[object] = [axes.scatter([], [], s=42, label=row_name(method), **look(method, methods)) for method in methods]
    found.append(
        axes.scatter(
            [], [], s=42, facecolors=WHITE, edgecolors=INK, label="hollow: a model of the method that forgot another concept"
        )
    )
    found.append(
        axes.scatter(
            [], [], s=70, marker="|", color=STEEL, linewidths=2, label="below, tick: words drawn at random (symbol: searched for)"
        )
    )
    if tried:
        found += axes.plot([], [], color=INK, linewidth=2, label="below, bar and line: the most that any words can do")
    return found
