"""Similarity matrices of a task: one panel per way of telling how alike two entities are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.io.tables import read_json
from lethe.figures import tables
from lethe.figures.heatmap import heatmap, heatmap_figure
from lethe.benchmarks.icare.figures.quantities import similarity_name
from lethe.figures.style import publish, styled
from lethe.diffusion.testbed.schema import read_metadata

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(similarities: Mapping[str, Sequence[Mapping[str, Any]]], metadata: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per cell: ``kind, emitter, receiver, emitter_name, receiver_name, similarity``.

    Args:
        similarities: kind -> records of ``similarity_{kind}_{task}.json``, in the order of panels.
        metadata: records of the filtered metadata, in index order.
    """
    names = tables.entity_names(metadata)
    frames = []
    for kind, records in similarities.items():
        values = tables.similarity_matrix(records, metadata)
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
        image = heatmap(panels, place, values, names, cmap="cividis", vmin=low, vmax=high)
        if others.size:
            bar = panels[place].inset_axes((1.04, 0.0, 0.06, 1.0))
            figure.colorbar(image, cax=bar, extend="max" if np.nanmax(values) > high else "neither")
    return figure


def write(similarities: list[Path], metadata: Path, png: Path, csv: Path, kinds: list[str]) -> None:
    """Draw the similarity matrices of a task from its files, one per kind; see ``data``."""
    records = {kind: read_json(file) for kind, file in zip(kinds, similarities, strict=True)}
    table = data(records, read_metadata(metadata))
    publish(draw(table), table, png, csv)
