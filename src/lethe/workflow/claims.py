"""What claims are read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lethe.settings.models import Settings
from lethe.workflow.benchmarks import NAMES, Benchmarks
from lethe.workflow.wildcards import Wildcards

Study = tuple[str, str]
"""A data set of Deep Unlearn and an architecture."""


class Claims:
    """Finished tables that claims are read from."""

    def __init__(self, settings: Settings, benchmarks: Benchmarks) -> None:
        self.settings = settings
        self._files = benchmarks.files

    @property
    def benchmarks(self) -> list[str]:
        """Names of what `make bench` measures, in a world that it is written for."""
        return list(NAMES) if "judge" in self.settings.evaluators else []

    def measured(self, wildcards: Wildcards) -> list[str]:
        """The results of these benchmarks."""
        return self._files if self.benchmarks else []

    def tables(self, wildcards: Wildcards) -> list[str]:
        """Tables and gates of every task."""
        tasks = self.settings.tasks
        tables = [f"tables/{name}_{task}.csv" for task in tasks for name in ("unlearning", "similarity", "relations")]
        return [f"<results>/{table}" for table in [*tables, *(f"tables/gates_{task}.json" for task in tasks)]]


def gates_of_studies(pairs: Iterable[Study], attacked: Callable[[str, str], bool]) -> list[str]:
    """The gates of U-LiRA of those studies that are attacked."""
    return [f"<results>/deepunlearn/{dataset}/{name}/lira/gates.json" for dataset, name in pairs if attacked(dataset, name)]


def attacked_studies(pairs: Iterable[Study], attacked: Callable[[str, str], bool]) -> list[str]:
    """These studies, ``{dataset}_{architecture}``."""
    return ["_".join(study) for study in pairs if attacked(*study)]
