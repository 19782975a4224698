"""Finished results of a world as effects read them: only files that the rule declares, each read once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.records import ModelId
from lethe.core.registry import nearest
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.similarity import from_records
from lethe.io.tables import read_json, read_parquet
from lethe.settings.tasks import Task
from lethe.statistics import published_tests
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True)
class Effect:
    """What a deviation changes in one place.

    Attributes:
        scope: task, ``task/method``, study, or ``world``.
        quantity: what was compared.
        published: its value in the reference's way; None where that way has none.
        lethe: its value here; None where there is none.
        how: what was computed.
        agreement: Spearman's rho of both ways over the units that ``how`` names; None where there are no units.
    """

    scope: str
    quantity: str
    published: float | None
    lethe: float | None
    how: str
    agreement: float | None = None


@dataclass(frozen=True, eq=False)
class World:
    """A finished world.

    Attributes:
        folder: ``results/{world}``.
        tasks: name -> settings.
        runs: task -> method -> names of its unlearned models; methods that unlearn every emitter, and published variants.
        methods: the methods that are compared.
        inference: permutations, draws, level.
        studies: ``{dataset}_{architecture}`` of Deep Unlearn.
        kinds: similarities of the base.
        uce: the benchmark of UCE's solve, where there is one; it belongs to no world.
        files: paths that may be read; None: all.
    """

    folder: Path
    tasks: Mapping[str, Task]
    runs: Mapping[str, Mapping[str, Sequence[str]]]
    methods: Sequence[str]
    inference: Inference = field(default_factory=Inference)
    studies: Sequence[str] = ()
    kinds: Sequence[str] = ()
    uce: Path | None = None
    files: frozenset[str] | None = None
    _read: dict[Any, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """A finished file by its name in the folder; one that was not declared is a ``ValueError``."""
        path = self.folder / name
        if not self.has(name):
            raise ValueError(f"'{path}' is no declared input of the table of effects{nearest(str(path), list(self.files or ()))}")
        return path

    def has(self, name: str) -> bool:
        """Whether the world has a file: declared, in a declared folder, or (nothing is declared) there."""
        path = self.folder / name
        return path.exists() if self.files is None else any(str(place) in self.files for place in (path, *path.parents))

    def json(self, name: str) -> Any:
        """The content of a JSON file."""
        return self.once(name, lambda: read_json(self.path(name)))

    def csv(self, name: str) -> pd.DataFrame:
        """A CSV table."""
        import pandas as pd

        found: pd.DataFrame = self.once(name, lambda: pd.read_csv(self.path(name)))
        return found

    def lines(self, name: str) -> list[Any]:
        """The records of a JSON Lines file."""
        return [json.loads(line) for line in self.path(name).read_text("utf-8").splitlines()]

    def metadata(self, task: str) -> list[dict[str, Any]]:
        """Entities of a task in index order."""
        found: list[dict[str, Any]] = self.json(f"metadata_{task}_2_enriched_filtered.json")
        return found

    def similarity(self, name: str) -> Floats:
        """(N, N) of a similarity file without its suffix, e.g. ``similarity_clip_breeds``."""
        return from_records(self.json(f"{name}.json"))[1]

    def compared(self, task: str) -> list[str]:
        """Compared methods that unlearned every entity of a task."""
        return [method for method in self.methods if len(self.runs[task].get(method, ())) == len(self.metadata(task))]

    def data(self, task: str) -> TaskData:
        """The tables of a task; similarities of the base and ``weights_{method}``, no embeddings."""

        def load() -> TaskData:
            names = [*self.kinds, *(f"weights_{method}" for method in self.methods)]
            return TaskData(
                task=task,
                metadata=self.metadata(task),
                balance=self.tasks[task].balance,
                pairs=read_parquet(self.path(f"pairs_{task}.parquet")),
                entities=self.json(f"interference_per_entity_{task}.json"),
                similarities={
                    name: self.similarity(f"similarity_{name}_{task}")
                    for name in names
                    if self.has(f"similarity_{name}_{task}.json")
                },
                baseline=read_parquet(self.path(f"scores/{task}_baseline.parquet")),
            )

        return self.once(("data", task), load)

    def embedded(self, task: str, method: str) -> TaskData:
        """Metadata and embeddings of a method on a task."""
        on = {
            ModelId.parse(run).index: Embeddings.load(self.path(f"scores/{run}_embeddings.npz"))
            for run in self.runs[task][method]
        }
        off = Embeddings.load(self.path(f"scores/{task}_baseline_embeddings.npz"))
        return TaskData(task=task, metadata=self.metadata(task), balance=self.tasks[task].balance, off=off, on=on)

    def records(self, task: str, method: str) -> list[dict[str, Any]]:
        """``record.json`` of every model of a method on a task."""
        return [self.json(f"models/{run}/record.json") for run in self.runs[task].get(method, ())]

    def once(self, key: Any, load: Callable[[], T]) -> T:
        """What ``load`` gives, kept."""
        if key not in self._read:
            self._read[key] = load()
        found: T = self._read[key]
        return found


def agreement(first: Floats, second: Floats) -> float:
    """Spearman's rho of two versions of the same values; NaN where one is constant."""
    return published_tests.correlation(np.ravel(first), np.ravel(second))["spearman"][0]


def others(matrix: Floats) -> Floats:
    """The (N (N - 1),) values of a matrix off its diagonal."""
    return np.asarray(matrix[~np.eye(len(matrix), dtype=bool)])
