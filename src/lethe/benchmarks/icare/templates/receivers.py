"""One emitter and its receivers: shared by the templates that look at a single unlearned entity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.alignment import similarity_of
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.figures.templates.result import Finding, published, tested, with_q
from lethe.statistics import published_tests
from lethe.statistics.entity_tests import correlate
from lethe.statistics.resampling import Inference

Floats = NDArray[np.float64]


class OneEmitterParameters(PairParameters):
    """One emitter's receivers against their similarity to it."""

    similarity: str = Field(description="kind of similarity")
    emitter: int = Field(ge=0, description="index of the entity that is unlearned")
    top: int = Field(5, ge=0, le=20, description="how many extreme receivers are named")


def receivers(parameters: OneEmitterParameters, task: TaskData) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    """(others, similarity, value, damage) of the emitter's receivers, the emitter itself left out."""
    others = np.delete(np.arange(task.size), parameters.emitter)
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)[parameters.emitter, others]
    if np.isnan(values).all():
        raise MissingDataError(f"{task.task}: '{parameters.method}' did not unlearn entity {parameters.emitter}")
    alike = task.similarity(similarity_of(parameters.similarity, parameters.method))[parameters.emitter, others]
    return others, alike, values, task.damage(parameters.method, parameters.metric)[parameters.emitter, others]


def tests_of_one(
    parameters: OneEmitterParameters, alike: Floats, values: Floats, damage: Floats, inference: Inference, names: Sequence[str]
) -> tuple[Finding, ...]:
    """Spearman of damage and similarity over the receivers of one model, receivers permuted; or the published raw tests."""
    if parameters.fidelity == "published":
        tests = published_tests.correlation(values, alike)
        kept = {name: test for name, test in tests.items() if name in names}
        return tuple(published(kept, len(values), "over the receivers of one emitter, raw p"))
    how = "Spearman of damage and similarity over the receivers of one emitter, one-sided, receivers permuted"
    return with_q([tested("damage_spearman", correlate(alike, damage[None], inference, "greater"), 0, how)])


def roles(damage: Floats, alike: Floats, top: int) -> list[str]:
    """Per receiver ``most interfered``, ``least interfered``, ``most similar``, ``least similar`` or nothing, a third of the receivers at most."""
    result, top = [""] * len(damage), min(top, len(damage) // 3)
    for role, order in (
        ("least similar", np.argsort(alike, kind="stable")),
        ("most similar", np.argsort(-alike, kind="stable")),
        ("least interfered", np.argsort(damage, kind="stable")),
        ("most interfered", np.argsort(-damage, kind="stable")),
    ):
        for place in order[:top]:
            result[place] = role
    return result
