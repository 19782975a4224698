"""Interference, visual summary: the unlearned entity, then the most and the least harmed receivers, off and on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.figures.pictures import draw
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.benchmarks.icare.templates.pictures import picture_rows
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference


class InterferenceVisualSummary(PairParameters):
    """Images of one emitter's model."""

    emitter: int = Field(ge=0, description="index of the entity that is unlearned")
    seed: int = Field(description="seed of the images")
    top: int = Field(4, ge=1, le=6, description="how many receivers at each end")


def compute(parameters: InterferenceVisualSummary, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``picture_rows``; ``value`` is the metric of the pair, averaged over seeds."""
    task = data[parameters.task]
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)[parameters.emitter]
    if np.isnan(values).all():
        raise MissingDataError(f"{task.task}: '{parameters.method}' did not unlearn entity {parameters.emitter}")
    damage = np.where(np.isfinite(values), spec_of(parameters.metric).damage_sign * values, -np.inf)
    order = [int(i) for i in np.argsort(-damage, kind="stable") if i != parameters.emitter]
    top = min(parameters.top, len(order) // 2)
    chosen = [("unlearned", parameters.emitter), *(("most harmed", i) for i in order[:top])]
    chosen += [("least harmed", i) for i in order[-top:]]
    columns = [(role, i, task.names[i], float(values[i])) for role, i in chosen]
    rows = picture_rows([parameters.method], columns, [parameters.seed] * len(columns))
    return Result((), rows, {"value": ("metric", parameters.metric)}, {"seed": parameters.seed})


TEMPLATE = TaskTemplate(
    "IVS", "InterferenceVisualSummary", InterferenceVisualSummary, compute, draw, images=True, any_method=True
)
