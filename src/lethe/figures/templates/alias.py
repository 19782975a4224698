"""Published file names of figures, beside the address that every figure has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lethe.figures.templates.world import World
from lethe.planning.wildcards import Wildcards


@dataclass(frozen=True)
class Alias:
    """A pattern of file names below ``figures/`` that stands for one template and its parameters.

    Attributes:
        name: of its caption (``report/{name}.rst``), logs and jobs; ``stem`` begins with it.
        stem: file name without ending; holds wildcards.
        template: whose figure it is.
        parameters: ``parameters(world, wildcards)``, as ``template`` takes them.
        category: chapter of the report (``lethe.planning.chapters``). label: what it is; may hold the wildcards.
    """

    name: str
    stem: str
    template: str
    parameters: Callable[[World, Wildcards], dict[str, Any]]
    category: str
    label: str
