"""Similarity matrix: how alike every two entities are; optionally ordered by an attribute."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field, model_validator

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.benchmarks.icare.figures.matrix import draw_similarity
from lethe.benchmarks.icare.parameters import TaskParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.result import Finding, Result
from lethe.statistics.matrix_tests import off_diagonal
from lethe.statistics.resampling import Inference


class SimilarityMatrix(TaskParameters):
    """One similarity of one task."""

    similarity: str = Field(description="kind of similarity")
    method: str = Field("", description="whose models; for the similarity `weights`, and only for it")
    order_by: str = Field("", description="attribute that orders the entities; empty: index order")

    @model_validator(mode="after")
    def _method_for_weights(self) -> SimilarityMatrix:
        if (self.similarity == "weights") != bool(self.method):
            raise ValueError("`method` goes with similarity=weights, and only with it")
        return self


def compute(parameters: SimilarityMatrix, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``emitter``, ``receiver`` (places in ``notes["names"]``), ``value``; finding: mean and range off the diagonal."""
    task = data[parameters.task]
    values = task.similarity(similarity_of(parameters.similarity, parameters.method))
    attribute = task.attribute(parameters.order_by) if parameters.order_by else [None] * task.size
    order = sorted(range(task.size), key=lambda i: (attribute[i] is None, str(attribute[i]), i))
    if parameters.order_by and task.attribute_kind(parameters.order_by) == "number":
        order = sorted(range(task.size), key=lambda i: (attribute[i] is None, attribute[i] or 0, i))
    others = values[off_diagonal(task.size)]
    how = "mean over pairs of different entities; low and high are the smallest and the largest"
    finding = Finding("mean", float(others.mean()), task.size, how, float(others.min()), float(others.max()))
    rows = tuple(
        {"emitter": a, "receiver": b, "value": float(values[i, j])} for a, i in enumerate(order) for b, j in enumerate(order)
    )
    labels = [f"{task.names[i]} ({attribute[i]})" if parameters.order_by else task.names[i] for i in order]
    symmetric = bool(np.allclose(values, values.T, atol=1e-6))
    return Result((finding,), rows, {"value": ("similarity", parameters.similarity)}, {"names": labels, "symmetric": symmetric})


TEMPLATE = TaskTemplate("SM", "SimilarityMatrix", SimilarityMatrix, compute, draw_similarity, ())
