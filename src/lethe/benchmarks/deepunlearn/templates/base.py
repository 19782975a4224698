"""A figure of Deep Unlearn: of which studies, each a data set and an architecture, and which finished tables it reads."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from pydantic import Field

from lethe.figures.templates.base import Files, Template
from lethe.figures.templates.parameters import Names, Parameters
from lethe.io.tables import read_parquet
from lethe.settings.strict import Name, check_known

if TYPE_CHECKING:
    from lethe.figures.templates.world import World

Tables = Mapping[str, pd.DataFrame]


class StudiesParameters(Parameters):
    """What a figure of studies is asked for."""

    @abstractmethod
    def check(self, world: World) -> None:
        """Raise a ``ValueError`` where the world has no such study."""

    def methods(self, world: World) -> list[str]:
        """Names of the methods that it shows."""
        return sorted({method for study in world.settings.deepunlearn.datasets.values() for method in study.methods})

    @abstractmethod
    def places(self) -> list[dict[str, str]]:
        """For each study what its files are called by."""


class OneStudy(StudiesParameters):
    """One study."""

    dataset: Name = Field(description="data set")
    architecture: Name = Field(description="architecture, e.g. mlp")

    def check(self, world: World) -> None:
        """Refuse an unknown data set or architecture."""
        check_known("dataset", self.dataset, list(world.settings.deepunlearn.datasets))
        check_known("architecture", self.architecture, list(world.architectures))

    def places(self) -> list[dict[str, str]]:
        """``dataset``, ``architecture``, and both as ``study``."""
        return [{**self.model_dump(), "study": f"{self.dataset}_{self.architecture}"}]


class AttackedStudy(OneStudy):
    """One study of a data set that U-LiRA attacks."""

    def check(self, world: World) -> None:
        """Refuse also a data set without attack."""
        super().check(world)
        check_known("dataset with U-LiRA", self.dataset, list(world.settings.deepunlearn.lira))

    def methods(self, world: World) -> list[str]:
        """Those that are attacked."""
        return list(world.settings.deepunlearn.lira[self.dataset].methods)


class SeveralStudies(StudiesParameters):
    """Several studies side by side."""

    studies: Names = Field(description="data sets and architectures, e.g. digits_mlp")

    def check(self, world: World) -> None:
        """Refuse an unknown study."""
        known = [f"{dataset}_{name}" for dataset in world.settings.deepunlearn.datasets for name in world.architectures]
        for study in self.studies:
            check_known("study", study, known)

    def places(self) -> list[dict[str, str]]:
        """``study`` of each."""
        return [{"study": study} for study in self.studies]


S = TypeVar("S", bound=StudiesParameters)


@dataclass(frozen=True)
class StudyTemplate(Template[S, Tables]):
    """A figure of studies; ``compute(parameters, kind -> table, inference)``.

    Attributes:
        tables: kind -> file, whose name holds keys of ``places``; of several studies the rows follow one another.
    """

    tables: Mapping[str, str]

    def check(self, parameters: S, world: World) -> None:
        """Refuse a study that the world does not have."""
        parameters.check(world)

    def asks(self, parameters: S, world: World) -> dict[str, list[str]]:
        """The methods of its studies; no method and no metric of diffusion models."""
        nothing: dict[str, list[str]] = {"lethe.diffusion.methods.METHODS": [], "lethe.diffusion.metrics.METRICS": []}
        return nothing | {"lethe.classifiers.methods.METHODS": parameters.methods(world)}

    def files(self, parameters: S, world: World) -> dict[str, list[str]]:
        """The tables of the studies."""
        return {kind: [name.format(**place) for place in parameters.places()] for kind, name in self.tables.items()}

    def load(self, parameters: S, files: Files, facts: Mapping[str, Any]) -> Tables:
        """The tables by kind."""
        return {kind: _rows(paths) for kind, paths in files.items()}


def _rows(paths: Sequence[Path]) -> pd.DataFrame:
    return pd.concat([read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path) for path in paths])
