"""Similarity matrices of a task: one panel per way of telling how alike two entities are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.words import number
from lethe.benchmarks.icare.parameters import KindOfBase
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.words import similarity_name
from lethe.figures import tables
from lethe.figures.colours import SEQUENTIAL
from lethe.figures.footnote import footnote
from lethe.figures.heatmap import alike_beside, heatmap, heatmap_figure
from lethe.figures.style import styled
from lethe.figures.templates.parameters import Parameters
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference, ranks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(similarities: Mapping[str, NDArray[np.float64]], metadata: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per cell: ``kind, emitter, receiver, emitter_name, receiver_name, similarity, rank, emitter_place, receiver_place``.

    ``rank`` is the place of a pair among all pairs of different entities of its kind, from 0 (least alike) to 100 (most alike). The places
    are those of the figure, from 0: entities that are alike stand side by side, by the true similarity where it is known, else by the mean
    rank over kinds.

    Args:
        similarities: kind -> (N, N), NaN where unknown, in the order of panels.
        metadata: records of the filtered metadata, in index order.
    """
    names = tables.entity_names(metadata)
    of_pairs = {kind: _ranked(values) for kind, values in similarities.items()}
    known = [found for found in of_pairs.values() if np.isfinite(tables.off_diagonal(found)).any()]
    true = of_pairs.get("true", np.full((len(names), len(names)), np.nan))
    alike = true if np.isfinite(tables.off_diagonal(true)).any() else np.mean(known, axis=0) if known else true
    place = np.argsort(alike_beside(alike))
    frames = []
    for kind, values in similarities.items():
        emitter, receiver = (index.ravel() for index in np.indices(values.shape))
        frame = {"kind": kind, "emitter": emitter, "receiver": receiver}
        frame |= {"emitter_name": np.take(names, emitter), "receiver_name": np.take(names, receiver)}
        frame |= {"similarity": values.ravel(), "rank": of_pairs[kind].ravel()}
        frames.append(pd.DataFrame(frame | {"emitter_place": place[emitter], "receiver_place": place[receiver]}))
    return pd.concat(frames, ignore_index=True)


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, N) ranks off the diagonal, 0 to 100; NaN on it and where a similarity is unknown."""
    out = np.full(values.shape, np.nan)
    pairs = ~np.eye(len(values), dtype=bool) & np.isfinite(values)
    if pairs.any():
        out[pairs] = 100 * (ranks(values[pairs]) - 1) / max(pairs.sum() - 1, 1)
    return out


@styled
def draw(data: pd.DataFrame) -> Figure:
    """One colour scale for all kinds, over ranks: kinds differ in unit and spread. A kind that is not known is named, not drawn."""
    every = list(dict.fromkeys(data["kind"]))
    unknown = [kind for kind in every if data.loc[data["kind"] == kind, "rank"].isna().all()]
    kinds = [kind for kind in every if kind not in unknown]
    entities = data.drop_duplicates("emitter").sort_values("emitter")
    names, order = list(entities["emitter_name"]), [int(i) for i in np.argsort(entities["emitter_place"])]
    figure, panels = heatmap_figure(max(1, len(kinds)), names, gap=0.15, right=1.2)
    if not kinds:
        panels[0].axes.set_title("no similarity is known")
    for panel, kind in zip(panels, kinds, strict=False):
        rows = data[data["kind"] == kind]
        image = heatmap(panel, tables.matrix(rows, len(names), "rank"), names, order, cmap=SEQUENTIAL, vmin=0, vmax=100)
        others = tables.off_diagonal(tables.matrix(rows, len(names), "similarity"))
        panel.axes.set_title(f"{similarity_name(kind)}\n{number(others.min())} to {number(others.max())}", fontsize=10)
    told = [
        "Order of entities, the same in all panels: those that are alike stand side by side. Below a title: the range of values. Grey: itself."
    ]
    told += [f"not drawn: {similarity_name(kind)} (not known for this task)" for kind in unknown]
    if kinds:
        squares, width = [panel.axes.get_position() for panel in panels], float(figure.get_figwidth())
        right, lowest = max(box.x1 for box in squares), min(box.y0 for box in squares)
        bar = figure.add_axes((right + 0.15 / width, lowest, 0.17 / width, squares[0].y1 - lowest))
        figure.colorbar(image, cax=bar).set_label("rank among the pairs of a panel\n(100: most alike)", multialignment="center")
        footnote(figure, told, most=1)
    return figure


class SimilarityMatrices(Parameters):
    """Several kinds of similarity of one task, a panel each."""

    task: Name = Field(description="task")
    similarities: Annotated[tuple[KindOfBase, ...], Field(min_length=1)] = Field(
        description="kinds of similarity, in the order of panels"
    )


def compute(parameters: SimilarityMatrices, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task = tasks[parameters.task]
    return Result.of_table(data({kind: task.similarities[kind] for kind in parameters.similarities}, task.metadata))


TEMPLATE = TaskTemplate(
    "SimilarityMatrices", "SimilarityMatrices", SimilarityMatrices, compute,
    lambda result, parameters, pictures: draw(result.table), (), sampled=True,
)  # fmt: skip
