"""How much SPEED can erase: the residual of every concept against the rank of the null space that the kept prompts leave."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from lethe.benchmarks.unlearncanvas.concepts import Concept
from lethe.diffusion.methods._text_maps import Edit, Found, Given
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.speed import SPEED, capacity, centres
from lethe.diffusion.pipeline import Pipeline


class _Measured(SPEED):
    """SPEED that keeps the curve of every emitter, taken of the vectors that its model is solved from."""

    def __init__(self, **parameters: object) -> None:
        super().__init__(**parameters)
        self.curves: dict[int, Tensor] = {}

    def maps(self, given: Given, part: Sequence[tuple[Emitter, list[Edit]]]) -> list[Found]:
        empty = centres(given.prompts[""].states, self.config.clusters)
        for emitter, edits in part:
            own = given.vectors(emitter, edits)
            self.curves[emitter.index] = capacity(own.concepts, own.guides, own.preserved, empty, self.config.retain_scale)
        return super().maps(given, part)


def capacity_table(
    task: str,
    pipe: Pipeline,
    emitters: Sequence[Emitter],
    concepts: Sequence[Concept],
    prompts: dict[int, str],
    hyperparameters: dict[str, object],
) -> pd.DataFrame:
    """One row per concept and rank, 0 to the width of the text embeddings.

    Args:
        pipe: the base. emitters: that are asked about. concepts: of the task, by index.
        prompts: of all cells. hyperparameters: of SPEED.

    Returns:
        ``task, concept, name, kind, rank, residual`` (share of the way to the guides that is left; 1: nothing is erased) and ``chosen``, whether the
        method's threshold leaves this rank.
    """
    method = _Measured(**hyperparameters)
    data = UnlearnData(torch.zeros(0), torch.zeros(0, dtype=torch.int64), prompts)
    rows = []
    for made in method.unlearn(pipe, emitters, data, seed=0):  # closed form
        of, chosen = concepts[made.emitter.index], made.record["null_space_rank"]
        told = {"task": task, "concept": of.index, "name": of.name, "kind": of.kind}
        curve = method.curves[of.index].tolist()
        rows += [told | {"rank": rank, "residual": value, "chosen": rank == chosen} for rank, value in enumerate(curve)]
    return pd.DataFrame(rows)
