"""Interference matrices: what unlearning each entity did to every other one, a panel per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.quantities import colour_scale, quantity
from lethe.benchmarks.icare.parameters import KindOfBase, MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.words import in_sentence, similarity_name
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures import tables
from lethe.figures.footnote import footnote, meanings
from lethe.figures.heatmap import alike_beside, heatmap, heatmap_figure
from lethe.figures.style import method_name, styled
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(
    pairs: pd.DataFrame,
    metadata: Sequence[Mapping[str, Any]],
    metric: str,
    methods: Sequence[str],
    noise_floor: Mapping[str, Mapping[str, float | None]],
    alike: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """One row per cell: ``method, emitter, receiver``, names, ``value, within_noise, floor_low, floor_high, emitter_place, receiver_place``.

    ``within_noise``: the change is no harm beyond the noise floor, and no gain beyond it. The places are those of the figure, from 0: entities
    that are alike stand side by side, the same for all methods.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        metadata: records of the filtered metadata, in index order.
        metric: a pair metric, see ``lethe.benchmarks.icare.figures.quantities``.
        methods: methods in the order of panels.
        noise_floor: metric -> ``{"low", "high", ...}`` of one pair between two seeds of the base; None is unknown.
        alike: (N, N) similarity; without it, entities that harm one another stand side by side.
    """
    quantity(metric)
    rows = tables.with_names(tables.select_pairs(pairs, metric, methods), tables.entity_names(metadata))
    rows = rows.assign(within_noise=_within(rows["value"], metric, noise_floor.get(metric, {})))
    place = np.argsort(alike_beside(_harming(rows, metric, len(metadata)) if alike is None else alike))
    floor = noise_floor.get(metric, {})
    rows = rows.assign(**{f"floor_{end}": np.nan if floor.get(end) is None else floor[end] for end in ("low", "high")})
    return rows.assign(**{f"{end}_place": place[rows[end].to_numpy(int)] for end in ("emitter", "receiver")})


def _within(values: pd.Series, metric: str, floor: Mapping[str, float | None]) -> NDArray[np.bool_]:
    """Within the range of two seeds; of a metric that only knows loss (SSIM), also anything better than that range."""
    spec, low, high = spec_of(metric), floor.get("low"), floor.get("high")
    if low is None or high is None:
        return np.zeros(len(values), dtype=bool)
    damage = np.asarray(spec.damage(values.to_numpy(float)), dtype=float)
    ends = sorted(float(spec.damage(float(end))) for end in (low, high))
    return (damage <= ends[1]) & ((damage >= ends[0]) | (not quantity(metric).difference))


def _harming(rows: pd.DataFrame, metric: str, size: int) -> NDArray[np.float64]:
    """(N, N) mean damage over methods, each in units of its own mean, so that no method decides alone; NaN where a pair has no value."""
    found = []
    for _, own in rows.groupby("method", sort=False):
        damage = np.asarray(spec_of(metric).damage(tables.matrix(own, size)), dtype=float)
        mean = np.nanmean(np.abs(damage[~np.eye(size, dtype=bool)]))
        if np.isfinite(mean) and mean > 0:
            found.append(damage / mean)
    return np.nanmean(found, axis=0) if found else np.full((size, size), np.nan)


@styled
def draw(data: pd.DataFrame, metric: str, similarity: str = "") -> Figure:
    """Rows are emitters, columns receivers, in one order for all panels, which share one colour scale. A dot: within the noise.

    Red is always harm. The scale covers the receivers, so the diagonal (outlined; change is the aim) may lie beyond. A method with models of
    less than half of the emitters is a strip of its rows; one that changes nothing at all is named.
    """
    what = quantity(metric)
    names, order = _names(data), _order(data)
    every = tables.methods_of(data)
    still = [method for method in every if (data.loc[data["method"] == method, "value"] == what.unchanged).all()]
    shown = [method for method in every if method not in still] or every
    matrices = {m: tables.matrix(data[data["method"] == m], len(names)) for m in shown}
    noise = {m: tables.matrix(data[data["method"] == m], len(names), "within_noise") == 1 for m in shown}
    rows = {m: sorted(set(data.loc[data["method"] == m, "emitter"])) for m in shown}
    few = [method for method in shown if 2 * len(rows[method]) < len(names)]
    whole = [method for method in shown if method not in few]
    ends = [float(data[f"floor_{end}"].iloc[0]) for end in ("low", "high")]
    floor = ends if np.isfinite(ends).all() else None
    scale = colour_scale(what, np.concatenate([tables.off_diagonal(values) for values in matrices.values()]), floor)
    strips = [len(rows[method]) for method in few]
    figure, panels = heatmap_figure(len(whole), names, gap=0.15, right=1.2, strips=strips)
    for panel, method in zip(panels, [*whole, *few], strict=True):
        gained = (spec_of(metric).damage(matrices[method]) < 0) & ~noise[method]  # for readers without colours
        strip = rows[method] if method in few else None
        image = heatmap(panel, matrices[method], names, order, strip, noise[method], gained, **scale)
        panel.axes.set_title(method_name(method))
    drawn = np.concatenate([values[np.isfinite(values)] for values in matrices.values()])
    below, above = bool(drawn.min() < scale["vmin"]), bool(drawn.max() > scale["vmax"])
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    squares = [panel.axes.get_position() for panel in (panels[: len(whole)] or panels)]
    right, width = max(box.x1 for box in squares), float(figure.get_figwidth())
    lowest = min(box.y0 for box in squares)
    bar = figure.add_axes((right + 0.15 / width, lowest, 0.17 / width, squares[0].y1 - lowest))
    figure.colorbar(image, cax=bar, extend=extend).set_label(what.axis, multialignment="center")
    some = any(np.isnan(values[rows[method]]).any() for method, values in matrices.items())
    grey = "no model, or no value: not every receiver was asked for" if some else "no model"
    beside = f"alike by {in_sentence(similarity_name(similarity))}" if similarity else "that harm one another"
    told = [
        f"Order of entities, the same in all panels: those {beside} stand side by side. Outlined: the emitter itself.",
        f"Dot: within what 95 % of pairs of two seeds of the unchanged base differ by. Plus: gained. Grey: {grey}.",
    ]
    told += [f"not drawn: {method_name(method)} ({what.unchanged:g} in every cell)" for method in still if method not in shown]
    footnote(figure, told, most=1)
    footnote(figure, meanings(shown))
    return figure


def _names(data: pd.DataFrame) -> list[str]:
    known = dict(zip(data["receiver"], data["receiver_name"], strict=True))
    known |= dict(zip(data["emitter"], data["emitter_name"], strict=True))
    return [known.get(i, str(i)) for i in range(max(known) + 1)]


def _order(data: pd.DataFrame) -> list[int]:
    places = dict(zip(data["receiver"], data["receiver_place"], strict=True)) | dict(
        zip(data["emitter"], data["emitter_place"], strict=True)
    )
    return sorted(range(max(places) + 1), key=lambda entity: places.get(entity, entity))


class InterferenceMatrices(MethodsParameters):
    """One pair metric, a panel per method."""

    metric: Name = Field(description="pair metric, e.g. clip_diff")
    similarity: KindOfBase | Literal[""] = Field(
        "", description="entities that are alike by it stand side by side; empty: those that harm one another"
    )


def compute(parameters: InterferenceMatrices, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task = tasks[parameters.task]
    alike = task.similarities[parameters.similarity] if parameters.similarity else None
    return Result.of_table(
        data(task.pairs_by(parameters.metric), task.metadata, parameters.metric, parameters.methods, task.noise_floor, alike)
    )


TEMPLATE = TaskTemplate(
    "InterferenceMatrices", "InterferenceMatrices", InterferenceMatrices, compute,
    lambda result, parameters, pictures: draw(result.table, parameters.metric, parameters.similarity), ("pairs", "noise_floor"),
    any_method=True, sampled=True,
)  # fmt: skip
