"""Similarity, visual summary: the unlearned entity, then the receivers most and least like it, off and on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.benchmarks.icare.figures.pictures import draw
from lethe.benchmarks.icare.parameters import MethodParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.pictures import picture_rows
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference


class SimilarityVisualSummary(MethodParameters):
    """Images of one emitter's model, by similarity."""

    similarity: str = Field(description="kind of similarity")
    emitter: int = Field(ge=0, description="index of the entity that is unlearned")
    seed: int = Field(description="seed of the images")
    top: int = Field(4, ge=1, le=6, description="how many receivers at each end")


def compute(parameters: SimilarityVisualSummary, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``picture_rows``; ``value`` is the similarity to the emitter."""
    task = data[parameters.task]
    alike = task.similarity(similarity_of(parameters.similarity, parameters.method))[parameters.emitter]
    order = [int(i) for i in np.argsort(-alike, kind="stable") if i != parameters.emitter]
    top = min(parameters.top, len(order) // 2)
    chosen = [("unlearned", parameters.emitter), *(("most similar", i) for i in order[:top])]
    chosen += [("least similar", i) for i in order[-top:]]
    columns = [(role, i, task.names[i], None if i == parameters.emitter else float(alike[i])) for role, i in chosen]
    rows = picture_rows([parameters.method], columns, [parameters.seed] * len(columns))
    return Result((), rows, {"value": ("similarity", parameters.similarity)}, {"seed": parameters.seed})


TEMPLATE = TaskTemplate(
    "SimilarityVisualSummary", "SimilarityVisualSummary", SimilarityVisualSummary, compute, draw, (), images=True, any_method=True
)
