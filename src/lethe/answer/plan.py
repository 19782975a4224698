"""What an answer is computed from: the tables of the demo, or of everything."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.benchmarks.icare.plan.figures import TaskFigures
from lethe.benchmarks.unlearncanvas.plan.tables import Canvas
from lethe.classifiers.plan.studies import Studies
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

TABLES = (
    "tables/unlearning_{}.csv",
    "tables/harm_{}.csv",
    "tables/similarity_{}.csv",
    "tables/relations_{}.csv",
    "tables/gates_{}.json",
)


class Answer:
    """Files behind the answer of a world, by extent: ``demo`` or ``all``."""

    def __init__(
        self, settings: Settings, studies: Studies, deepunlearn: DeepUnlearn, canvas: Canvas, figures: TaskFigures
    ) -> None:
        self._settings, self._studies, self._deepunlearn, self._canvas = settings, studies, deepunlearn, canvas
        self._task_figures = figures

    def tasks(self, wildcards: Wildcards) -> list[str]:
        """Tasks of entities."""
        chosen = self._settings.demo_tasks if wildcards.extent == "demo" else self._settings.entity_tasks
        return [task for task in self._settings.entity_tasks if task in chosen]

    def studies(self, wildcards: Wildcards) -> list[str]:
        """Studies of classifiers that are attacked, as in the names of files."""
        return ["_".join(study) for study in self._attacked(wildcards)]

    def canvases(self, wildcards: Wildcards) -> dict[str, str]:
        """Task of cells -> its table of accuracies, relative to the world."""
        if wildcards.extent == "demo":
            files = self._canvas.demo
            return {file.removesuffix(".csv").rsplit("_demo_", 1)[1]: file.removeprefix("<results>/") for file in files}
        return {task: f"tables/unlearncanvas_accuracy_{task}.csv" for task in self._canvas.tasks}

    def tables(self, wildcards: Wildcards) -> list[str]:
        """Tables and gates that sentences and checks are read from."""
        of_tasks = [f"<results>/{name.format(task)}" for task in self.tasks(wildcards) for name in TABLES]
        studies = [
            f"<results>/tables/deepunlearn_{name}{study}.csv" for study in self.studies(wildcards) for name in ("", "lira_")
        ]
        gates = [
            f"<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json"
            for dataset, architecture in self._attacked(wildcards)
        ]
        return [*of_tasks, *studies, *gates, *(f"<results>/{file}" for file in self.canvases(wildcards).values())]

    def figures(self, wildcards: Wildcards) -> list[str]:
        """A grid of pictures of every task that has pictures."""
        return [f"<results>/figures/{stem}.png" for task in self.tasks(wildcards) for stem in self._task_figures.grids(task)]

    def pictured(self, wildcards: Wildcards) -> list[str]:
        """The tasks of these, in the same order."""
        return [task for task in self.tasks(wildcards) if self._task_figures.grids(task)]

    def links(self, wildcards: Wildcards) -> dict[str, str]:
        """What lies beside the page: label -> address."""
        return {
            "All tables": "tables/",
            "All figures": "figures/",
            "Every pair with its pictures (make explorer)": "explorer/index.html",
        }

    @property
    def static(self) -> list[Path]:
        """Template, style and script of the page."""
        return sorted((Path(__file__).parent / "static").iterdir())

    def _attacked(self, wildcards: Wildcards) -> Iterable[tuple[str, str]]:
        studies = self._studies.demo if wildcards.extent == "demo" else self._studies.pairs
        return [study for study in studies if self._deepunlearn.attacked(*study)]
