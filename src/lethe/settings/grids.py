"""Grids of hyper-parameters: what is tried of each method on the concepts that are never reported.

A task has one file, ``config/grids/{task}.yaml``::

    task: canvas            # as the file
    judge: 2                # number of the judge that a point is measured by; never the first, whose numbers are reported
    seeds: [1188, 1288]     # of the images of a point; none of those that are reported
    methods:
      esd:                  # registry name: hyper-parameter -> values; every combination is a point
        steps: [40, 80]
        learning_rate: [1.0e-3]

A point overlays the values of the method for the world and the task (``lethe.settings.methods``).
"""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, JsonValue, model_validator

from lethe.core.registry import nearest
from lethe.settings.errors import SettingsError
from lethe.settings.generation import Seeds
from lethe.settings.methods import MethodSettings
from lethe.settings.read import read_settings
from lethe.settings.strict import Name, Strict, check_distinct

MOST_POINTS = 8  # of a method: a grid that takes hours would be run once and never checked
Tried = Annotated[list[JsonValue], Field(min_length=1)]
Point = dict[str, Any]
"""Hyper-parameter -> value, of those that the grid varies."""


class Grid(Strict):
    """The content of a file of grids."""

    task: Name = Field(description="the task, as in the name of the file")
    judge: int = Field(
        ge=2, description="number of the judge that a point is measured by; never the first, whose numbers are reported"
    )
    seeds: Seeds = Field(description="of the pictures of a point; none of those that are reported")
    methods: dict[Name, Annotated[dict[Name, Tried], Field(min_length=1)]] = Field(
        min_length=1, description="method: hyper-parameter: values; every combination is a point"
    )

    @model_validator(mode="after")
    def _small_and_distinct(self) -> Grid:
        for method, tried in self.methods.items():
            for key, values in tried.items():
                try:
                    check_distinct(values)
                except ValueError as error:
                    raise ValueError(f"methods.{method}.{key}: {error}") from None
            if (count := prod(map(len, tried.values()))) > MOST_POINTS:
                raise ValueError(f"methods.{method}: {count} points; allowed: at most {MOST_POINTS}")
        return self

    def points(self, method: str) -> list[Point]:
        """Every combination of the values of a method; the last hyper-parameter changes first."""
        tried = self.methods[method]
        return [dict(zip(tried, values, strict=True)) for values in product(*tried.values())]


def load_grid(path: Path) -> Grid:
    """The file of grids of a task.

    Raises:
        SettingsError: malformed, or of another task than its name says.
    """
    grid = read_settings(path, Grid, "a file of grids")
    if grid.task != path.stem:
        raise SettingsError(f"{path}: task is '{grid.task}', the file says '{path.stem}'")
    return grid


def kept_values(path: Path, grid: Grid, method: MethodSettings) -> dict[str, Any]:
    """The values of a method that its grid leaves alone, so that a point and these are all of its hyper-parameters.

    Args:
        path: of the file, for messages.

    Raises:
        SettingsError: the grid varies something that the method has no value of.
    """
    tried, known = grid.methods[method.name], list(method.parameters)
    for key in tried:
        if key not in known:
            raise SettingsError(
                f"{path}: methods.{method.name}.{key} has no value in the method's file; "
                f"there are: {', '.join(known)}{nearest(key, known)}"
            )
    return {key: value for key, value in method.parameters.items() if key not in tried}
