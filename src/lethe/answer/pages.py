"""Which tables of a world have a page, and where the report lists them."""

from __future__ import annotations

from collections.abc import Iterable

from lethe.answer.kinds import CLAIMS, KINDS
from lethe.benchmarks.icare.plan.tables import Tables
from lethe.classifiers.plan.studies import Studies
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

OF_STUDY = ("deepunlearn", "deepunlearn_ranks")
OF_ATTACK = "deepunlearn_lira"


class Pages:
    """Pages of tables; file names are ``tables/{kind}_{subject}.html``."""

    def __init__(self, settings: Settings, studies: Studies, tables: Tables) -> None:
        self._tables = tables
        self.subjects = [*settings.tasks, *studies.names]
        self.kinds = [kind for kind in KINDS if kind != CLAIMS]

    def chapter(self, wildcards: Wildcards) -> str:
        """Where the report lists a page."""
        return KINDS[wildcards.readable].chapter

    def labels(self, wildcards: Wildcards) -> dict[str, str]:
        """How it calls it."""
        return {"result": f"table: {KINDS[wildcards.readable].title}", "task": wildcards.subject}

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """Pages of tasks of entities, relative to the world."""
        return [f"tables/{kind}_{task}.html" for task in tasks for kind in self._kinds(task)]

    def of_tables(self, files: Iterable[str]) -> list[str]:
        """Pages of those of ``files`` that have one; a table is ``<results>/tables/{kind}_{subject}.csv``."""
        names = {f"<results>/tables/{kind}_{subject}" for kind in self.kinds for subject in self.subjects}
        stems = [file.removesuffix(".csv") for file in files if file.endswith(".csv")]
        return [f"{stem}.html" for stem in stems if stem in names]

    def of_study(self, study: str, attacked: bool) -> list[str]:
        """Pages of a study of Deep Unlearn, relative to the world."""
        return [f"tables/{kind}_{study}.html" for kind in (*OF_STUDY, *([OF_ATTACK] if attacked else []))]

    def _kinds(self, task: str) -> list[str]:
        made = self._tables.of_tasks([task])
        return [kind for kind in KINDS if kind == "harm" or f"<results>/tables/{kind}_{task}.csv" in made]
