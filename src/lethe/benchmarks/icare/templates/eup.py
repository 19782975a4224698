"""Embedding unlearning profile: where does the model of one emitter move the images of every entity?

The plane is the first two principal components of the base's mean embeddings, fitted on the base alone. The displacement of an
entity is the distance of its mean on from its mean off embedding, in the full space. Test (corrected): is the emitter's own
displacement among the largest? p = (1 + others at least as large) / N, entities exchangeable.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.entities import specificity_ratio
from lethe.benchmarks.icare.figures.profile import draw
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.figures.templates.result import Finding, Result, number, with_q
from lethe.statistics.resampling import Inference

Floats = NDArray[np.float64]


class EmbeddingUnlearningProfile(PairParameters):
    """Embeddings of one emitter's model."""

    emitter: int = Field(ge=0, description="index of the entity that is unlearned")


def principal_axes(points: Floats, count: int = 2) -> tuple[Floats, Floats, Floats]:
    """(mean, (count, d) axes, share of variance of each); the largest loading of an axis is positive."""
    mean = points.mean(axis=0)
    _, scale, axes = np.linalg.svd(points - mean, full_matrices=False)
    axes = axes[:count]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return mean, axes * signs[:, None], (scale**2 / (scale**2).sum())[:count]


def compute(parameters: EmbeddingUnlearningProfile, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``label``, ``self``, ``off_x``, ``off_y``, ``on_x``, ``on_y``, ``displacement``, ``value`` (metric)."""
    task, emitter = data[parameters.task], parameters.emitter
    if task.off is None or emitter not in task.on:
        raise MissingDataError(f"{task.task}: '{parameters.method}' has no embeddings of emitter {emitter}")
    off, on = task.off.mean_per_receiver(task.size), task.on[emitter].mean_per_receiver(task.size)
    mean, axes, share = principal_axes(off)
    before, after = (off - mean) @ axes.T, (on - mean) @ axes.T
    displacement = np.linalg.norm(on - off, axis=1)
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)[emitter]
    others = np.delete(displacement, emitter)
    p = float((1 + (others >= displacement[emitter]).sum()) / task.size) if parameters.fidelity == "corrected" else None
    ratio = number(specificity_ratio(task.on[emitter], off, emitter))
    how = "own cosine distance / mean of the others'; p: rank of the own displacement among all entities"
    findings = [
        Finding("specificity_ratio", ratio, task.size, how, p=p),
        Finding("displacement_self", float(displacement[emitter]), 1, "distance of mean on from mean off embedding"),
        Finding("displacement_others", float(others.mean()), len(others), "the same, mean over the other entities"),
    ]
    rows = tuple(
        {"label": task.names[i], "self": i == emitter, "off_x": before[i, 0], "off_y": before[i, 1], "on_x": after[i, 0]}
        | {"on_y": after[i, 1], "displacement": float(displacement[i]), "value": float(values[i])}
        for i in range(task.size)
    )
    notes = {"variance": share, "emitter": task.names[emitter]}
    return Result(with_q(findings), rows, {"value": ("metric", parameters.metric)}, notes)


TEMPLATE = TaskTemplate(
    "EUP",
    "EmbeddingUnlearningProfile",
    EmbeddingUnlearningProfile,
    compute,
    draw,
    ("pairs", "off_embeddings"),
    embeddings="emitter",
)
