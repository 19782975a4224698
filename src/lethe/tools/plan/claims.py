"""What claims are read from."""

from __future__ import annotations

from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.classifiers.plan.studies import Studies
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings
from lethe.tools.plan.speed import NAMES, Benchmarks


class Claims:
    """Finished tables that claims are read from."""

    def __init__(self, settings: Settings, benchmarks: Benchmarks, studies: Studies, deepunlearn: DeepUnlearn) -> None:
        self.settings = settings
        self._files = benchmarks.files
        self._attacked = [study for study in studies.pairs if deepunlearn.attacked(*study)]

    @property
    def benchmarks(self) -> list[str]:
        """Names of what `make bench` measures, in a world that it is written for."""
        return list(NAMES) if "judge" in self.settings.evaluators else []

    def measured(self, wildcards: Wildcards) -> list[str]:
        """The results of these benchmarks."""
        return self._files if self.benchmarks else []

    def tables(self, wildcards: Wildcards) -> list[str]:
        """Tables and gates of every task."""
        tasks = self.settings.entity_tasks
        tables = [f"tables/{name}_{task}.csv" for task in tasks for name in ("unlearning", "similarity")]
        tables += [f"tables/relations_{task}.csv" for task in self.settings.full_tasks]  # these need every receiver
        return [f"<results>/{table}" for table in [*tables, *(f"tables/gates_{task}.json" for task in tasks)]]

    @property
    def studies(self) -> list[str]:
        """Studies of Deep Unlearn whose models are attacked, ``{dataset}_{architecture}``."""
        return ["_".join(study) for study in self._attacked]

    @property
    def gates(self) -> list[str]:
        """The gates of U-LiRA of these studies."""
        return [f"<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json" for dataset, architecture in self._attacked]
