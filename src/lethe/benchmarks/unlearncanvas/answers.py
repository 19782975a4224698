"""The answer set: one row per image, with what every judge sees in it. All measures of the benchmark are taken from this table.

Columns: ``method, epochs, concept`` (index; -1 for the base), ``name, kind`` (empty for the base), ``cell, seed, style, object`` (what was
asked for), ``covered`` (whether the image was to show what is forgotten), ``constant`` (all pixels have one colour), and for every
attribute and every judge j from 1: ``{attribute}_pred_{j}``, ``{attribute}_p_{j}`` (the value that is seen and its probability),
``{attribute}_asked_p_{j}`` (probability of what was asked for), ``{attribute}_jpeg_pred_{j}``, ``{attribute}_jpeg_p_{j}`` (the same of a
JPEG copy).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.settings.unlearncanvas import Judge

BASE = "base"  # the method of rows of the model that nothing was done to
OF_BASE = -1  # its concept
TOLD = ("pred", "p", "asked_p", "jpeg_pred", "jpeg_p")
COPIES = {"png": "pred", "jpeg": "jpeg_pred"}  # which copy of an image -> the part of a column's name


def answer_set(
    canvas: Canvas, scores: pd.DataFrame, judges: Sequence[Judge], method: str, epochs: int = 0, concept: Concept | None = None
) -> pd.DataFrame:
    """The rows of one model, by cell and seed.

    Args:
        scores: of its images (``receiver, seed``, and what classifiers see).
        judges: metrics of ``scores``, in order.
        method, epochs, concept: of the model; ``BASE`` and no concept for the base.

    Raises:
        ValueError: an image is of no cell, or a column is missing.
    """
    cells = scores["receiver"].to_numpy()
    if len(cells) and (cells.min() < 0 or cells.max() >= len(canvas.styles)):
        raise ValueError(f"scores have receivers up to {cells.max()}, but there are {len(canvas.styles)} cells")
    columns = {
        "method": method,
        "epochs": epochs,
        "concept": OF_BASE if concept is None else concept.index,
        "name": "" if concept is None else concept.name,
        "kind": "" if concept is None else concept.kind,
        "cell": cells,
        "seed": scores["seed"].to_numpy(),
        "style": canvas.styles[cells],
        "object": canvas.objects[cells],
        "covered": np.isin(cells, () if concept is None else concept.covers),
        CONSTANT: scores[CONSTANT].to_numpy(),
    }
    for number, judge in enumerate(judges, start=1):
        for attribute in ATTRIBUTES:
            metric = getattr(judge, attribute)
            for told in TOLD:
                if f"{metric}_{told}" not in scores:
                    raise ValueError(f"scores lack the column '{metric}_{told}'; score the images again")
                columns[f"{attribute}_{told}_{number}"] = scores[f"{metric}_{told}"].to_numpy()
    return pd.DataFrame(columns).sort_values(["cell", "seed"], ignore_index=True)


def judges_of(answers: pd.DataFrame) -> list[int]:
    """Numbers of the judges."""
    return [number for number in range(1, len(answers.columns)) if f"style_pred_{number}" in answers]


class Seen(NamedTuple):
    """What a judge sees of what was asked for, in every image.

    Attributes:
        concepts: (M,) index of the concept of each model; -1 for the base. seeds: (S,), rising.
        style, object: (M, N, S); bool of ``right``, in [0, 1] of ``probability``.
    """

    concepts: NDArray[np.int64]
    seeds: NDArray[np.int64]
    style: NDArray[Any]
    object: NDArray[Any]

    def of(self, attribute: str) -> NDArray[Any]:
        """(M, N, S) of ``style`` or ``object``."""
        return self.style if attribute == "style" else self.object


def right(answers: pd.DataFrame, cells: int, judge: int = 1, copies: str = "png") -> Seen:
    """Whether a judge sees what was asked for, in all models of one method.

    Args:
        answers: rows of one method.
        cells: N.
        judge: its number.
        copies: ``png`` or ``jpeg``.

    Raises:
        ValueError: an image is missing or there twice.
    """
    return _arranged(answers, cells, lambda table, of: table[f"{of}_{COPIES[copies]}_{judge}"] == table[of])


def probability(answers: pd.DataFrame, cells: int, judge: int = 1) -> Seen:
    """How probable what was asked for is to a judge; arguments and errors as of ``right``."""
    return _arranged(answers, cells, lambda table, of: table[f"{of}_asked_p_{judge}"].astype(np.float64))


def _arranged(answers: pd.DataFrame, cells: int, of_images: Callable[[pd.DataFrame, str], pd.Series]) -> Seen:
    table = answers.sort_values(["concept", "cell", "seed"])
    concepts, seeds = np.unique(table["concept"].to_numpy()), np.unique(table["seed"].to_numpy())
    shape = (len(concepts), cells, len(seeds))
    expected = np.stack(np.meshgrid(concepts, np.arange(cells), seeds, indexing="ij"), axis=-1).reshape(-1, 3)
    if not np.array_equal(expected, table[["concept", "cell", "seed"]].to_numpy()):
        raise ValueError(
            f"method '{table['method'].iloc[0] if len(table) else ''}' has {len(table)} images; {shape[0]} models with {cells} cells "
            f"and {shape[2]} seeds have {np.prod(shape)}, each once"
        )
    return Seen(concepts, seeds, *(of_images(table, attribute).to_numpy().reshape(shape) for attribute in ATTRIBUTES))
