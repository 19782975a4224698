"""What a figure is: parameters, the finished files it reads, a pure function from these to a result, and a drawing of the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lethe.figures.templates.parameters import Parameters
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.figures.templates.world import World

Files = Mapping[str, Sequence[Path]]
"""Kind of file -> finished files."""
Pictures = Mapping[tuple[str, str], NDArray[np.uint8]]
"""(row, member of its shard) -> (H, W, 3)."""
P = TypeVar("P", bound=Parameters)
D = TypeVar("D")


@dataclass(frozen=True)
class Template(ABC, Generic[P, D]):
    """A kind of figure. Each benchmark has a subclass that knows its files; a figure is an object of that.

    Attributes:
        name: part of paths, and its name in the registry.
        title: what stands as ``title`` in the JSON of a figure.
        parameters: model of its parameters.
        compute: ``compute(parameters, data, inference)``; no file, no drawing, no global state.
        draw: ``draw(result, parameters, pictures)``.
    """

    name: str
    title: str
    parameters: type[P]
    compute: Callable[[P, D, Inference], Result]
    draw: Callable[[Result, P, Pictures], Figure]

    @abstractmethod
    def check(self, parameters: P, world: World) -> None:
        """Raise a ``ValueError`` where a world cannot make the figure; it names the value, what is allowed and the nearest."""

    @abstractmethod
    def files(self, parameters: P, world: World) -> dict[str, list[str]]:
        """Kind of file -> the files that the figure reads, relative to ``results/{world}``."""

    @abstractmethod
    def load(self, parameters: P, files: Files, facts: Mapping[str, Any]) -> D:
        """What ``compute`` gets, from the files of ``files`` and the facts of ``facts``."""

    def asks(self, parameters: P, world: World) -> dict[str, list[str]]:
        """Dotted registry -> the names of it that the figure shows; of a registry that is not here, all of the world."""
        return {}

    def facts(self, parameters: P, world: World) -> dict[str, Any]:
        """What else a figure needs to know and no file tells, as plain data."""
        return {}

    def remarks(self, parameters: P, result: Result, facts: Mapping[str, Any]) -> list[str]:
        """What a reader must know of the numbers of this world, written below the figure; for most nothing."""
        return []

    def pictures(self, result: Result, files: Files, facts: Mapping[str, Any]) -> Pictures:
        """The pictures that the figure shows, from the same files; none for most."""
        return {}
