"""Unlearning, visual summary: one entity drawn by the base and by every method that unlearned it, over seeds.

A stub in the reference; here the picture that answers "is it forgotten?".
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lethe.benchmarks.icare.figures.pictures import draw
from lethe.benchmarks.icare.parameters import TaskParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.pictures import picture_rows
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference


class UnlearningVisualSummary(TaskParameters):
    """Images of an unlearned entity."""

    methods: Names = Field(description="methods from top to bottom")
    emitter: int = Field(ge=0, description="index of the entity that is unlearned and asked for")
    seeds: tuple[int, ...] = Field(min_length=1, max_length=9, description="seeds from left to right")


def compute(parameters: UnlearningVisualSummary, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``picture_rows``."""
    columns = [("unlearned", parameters.emitter, f"seed {seed}", None) for seed in parameters.seeds]
    rows = picture_rows(parameters.methods, columns, parameters.seeds)
    return Result((), rows, {}, {"entity": data[parameters.task].names[parameters.emitter]})


TEMPLATE = TaskTemplate(
    "UnlearningVisualSummary", "UnlearningVisualSummary", UnlearningVisualSummary, compute, draw, (), images=True, any_method=True
)
