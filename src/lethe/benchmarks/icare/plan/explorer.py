"""The explorer of a world: its page, the folders of its tasks, and a row per model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from lethe.benchmarks.icare.explorer.page import PARTS, STATIC
from lethe.diffusion.plan.models import Models
from lethe.planning.batches import Shape
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

BY_ITSELF = 500  # MB of the job that writes matrices, without any
BESIDE = 4  # matrices beside those of one metric
CELL = 80  # bytes of a cell at the peak; 608 MB of 1,060 were used at 1,000 entities x 3 methods (docs/performance.md)


class Explorer:
    """What the explorer is made from and of.

    Args:
        pictured: names of the runs whose pictures are there, where not all are; None: all.
    """

    def __init__(self, settings: Settings, models: Models, root: Path, pictured: Iterable[str] | None = None) -> None:
        self.settings, self.models = settings, models
        self.static = [str(root / "src/lethe/benchmarks/icare/explorer/static" / part) for part in STATIC]
        self.page = [f"<results>/explorer/{part}" for part in PARTS]
        self._pictured = None if pictured is None else set(pictured)

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The page and what is made last of some tasks, which needs everything else of them."""
        return ["<results>/explorer/index.html", *(f"<results>/explorer/{name}/overview.js" for name in tasks)]

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of batches of models whose rows share a job."""
        return self.models.shapes(tasks=self.settings.entity_tasks)

    def rows(self, wildcards: Wildcards) -> list[str]:
        """Rows of the base and of every model of the wildcards' task."""
        runs = [f"{wildcards.task}_baseline", *self.models.names(wildcards.task)]
        return [f"<results>/explorer/rows/{run}" for run in runs]

    def memory(self, wildcards: Wildcards, attempt: int = 1) -> int:
        """A resource function: MB of the job that writes the matrices of the wildcards' task; it holds those of a few metrics."""
        cells = self.settings.entity_tasks[wildcards.task].entities ** 2 * (len(self.models.methods_of(wildcards.task)) + BESIDE)
        return attempt * (BY_ITSELF + cells * CELL // 1_000_000)

    def shards_of_base(self, ending: str) -> Callable[[Wildcards], list[str]]:
        """An input function: the shard of the base of the wildcards' task, ``tar`` or ``parquet``; none where it has no pictures."""
        return lambda wildcards: self._shards([f"{wildcards.task}_baseline"], ending)

    def shards(self, shape: Shape, ending: str) -> Callable[[Wildcards], list[str]]:
        """An input function: shards of the models of the wildcards' batch that have pictures."""
        pictured = self.pictured(shape)
        return lambda wildcards: self._shards(pictured(wildcards), ending)

    def pictured(self, shape: Shape) -> Callable[[Wildcards], list[str]]:
        """A params function: names of the models of the wildcards' batch that have pictures."""
        names = self.models.in_batch(shape)
        return lambda wildcards: [name for name in names(wildcards) if self._has_pictures(name)]

    def images(self, wildcards: Wildcards) -> list[str]:
        """The rows of single images of the wildcards' method; none where pairs are imported, which are means."""
        if self.settings.archive.imported("tables"):
            return []
        return [f"<results>/images/{wildcards.task}/images_{wildcards.task}_{wildcards.method}.parquet"]

    def _shards(self, runs: Iterable[str], ending: str) -> list[str]:
        return [f"<results>/datasets/generated_{run}.{ending}" for run in runs if self._has_pictures(run)]

    def _has_pictures(self, run: str) -> bool:
        return self._pictured is None or run in self._pictured
