"""Similarity matrices of a task: one panel per way of telling how alike two entities are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.quantities import similarity_name
from lethe.benchmarks.icare.parameters import KindOfBase
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures import tables
from lethe.figures.colours import SEQUENTIAL
from lethe.figures.heatmap import heatmap, heatmap_figure
from lethe.figures.style import styled
from lethe.figures.templates.parameters import Parameters
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(similarities: Mapping[str, NDArray[np.float64]], metadata: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per cell: ``kind, emitter, receiver, emitter_name, receiver_name, similarity``.

    Args:
        similarities: kind -> (N, N), NaN where unknown, in the order of panels.
        metadata: records of the filtered metadata, in index order.
    """
    names = tables.entity_names(metadata)
    frames = []
    for kind, values in similarities.items():
        emitter, receiver = (index.ravel() for index in np.indices(values.shape))
        frame = {"kind": kind, "emitter": emitter, "receiver": receiver}
        frame |= {"emitter_name": np.take(names, emitter), "receiver_name": np.take(names, receiver)}
        frames.append(pd.DataFrame(frame | {"similarity": values.ravel()}))
    return pd.concat(frames, ignore_index=True)


@styled
def draw(data: pd.DataFrame) -> Figure:
    """Each panel has its own colour scale, over the values off the diagonal: kinds differ in spread. Grey: unknown."""
    kinds = list(dict.fromkeys(data["kind"]))
    names = list(dict.fromkeys(data["emitter_name"]))
    figure, panels = heatmap_figure(len(kinds), names, gap=0.85, right=0.85)
    for place, kind in enumerate(kinds):
        values = tables.matrix(data[data["kind"] == kind], len(names), "similarity")
        others = tables.off_diagonal(values)
        panels[place].set_title(similarity_name(kind) if others.size else f"{similarity_name(kind)}: not known")
        low, high = (float(others.min()), float(others.max())) if others.size else (0.0, 1.0)
        image = heatmap(panels, place, values, names, cmap=SEQUENTIAL, vmin=low, vmax=high)
        if others.size:
            bar = panels[place].inset_axes((1.04, 0.0, 0.06, 1.0))
            figure.colorbar(image, cax=bar, extend="max" if np.nanmax(values) > high else "neither")
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
    lambda result, parameters, pictures: draw(result.table), (),
)  # fmt: skip
