"""What an answer is computed from: the tables of the demo, or of everything."""

from __future__ import annotations

from pathlib import Path

from lethe.answer.kinds import KINDS
from lethe.answer.pages import Pages
from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.benchmarks.icare.plan.tables import Tables
from lethe.benchmarks.unlearncanvas.plan.tables import Canvas
from lethe.classifiers.plan.studies import Studies
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

RELATIONS = "tables/relations_{}.csv"  # of every pair: not where models are asked for some receivers
TABLES = (
    "tables/unlearning_{}.csv",
    "tables/harm_{}.csv",
    "tables/similarity_{}.csv",
    RELATIONS,
    "tables/gates_{}.json",
)


def tables_of(task: str, settings: Settings) -> list[str]:
    """Tables of a task that sentences and checks are read from."""
    return [f"<results>/{name.format(task)}" for name in TABLES if name != RELATIONS or task in settings.full_tasks]


class Answer:
    """Files behind the answer of a world, by extent: ``demo`` or ``all``."""

    def __init__(
        self,
        settings: Settings,
        models: Models,
        studies: Studies,
        deepunlearn: DeepUnlearn,
        canvas: Canvas,
        tables: Tables,
        pages: Pages,
        root: Path,
    ) -> None:
        self._root = root
        self._settings, self._models, self._studies = settings, models, studies
        self._deepunlearn, self._canvas, self._tables, self._pages = deepunlearn, canvas, tables, pages

    def page(self, extent: str) -> list[str]:
        """The page of an extent; none where there is nothing to tell of, as in an audit, which has a page of its own."""
        something = self._tasks(extent) or self._attacked(extent) or self._canvases(extent)
        return [f"<results>/answer_{extent}.html"] if something and self._settings.audit is None else []

    def tasks(self, wildcards: Wildcards) -> list[str]:
        """Tasks of entities."""
        return self._tasks(wildcards.extent)

    def studies(self, wildcards: Wildcards) -> list[str]:
        """Studies of classifiers that are attacked, as in the names of files."""
        return ["_".join(study) for study in self._attacked(wildcards.extent)]

    def canvases(self, wildcards: Wildcards) -> dict[str, str]:
        """Task of cells -> its table of accuracies, relative to the world."""
        return self._canvases(wildcards.extent)

    def tables(self, wildcards: Wildcards) -> list[str]:
        """Tables and gates that sentences and checks are read from."""
        of_tasks = [file for task in self.tasks(wildcards) for file in tables_of(task, self._settings)]
        studies = [
            f"<results>/tables/deepunlearn_{name}{study}.csv" for study in self.studies(wildcards) for name in ("", "lira_")
        ]
        attacked = [
            f"<results>/deepunlearn/{dataset}/{architecture}/lira/gates.json"
            for dataset, architecture in self._attacked(wildcards.extent)
        ]
        return [*of_tasks, *studies, *attacked, *(f"<results>/{file}" for file in self.canvases(wildcards).values())]

    def gates(self, wildcards: Wildcards) -> list[str]:
        """Files of gates that no claim reads."""
        return [f"<results>/{file}" for file in self.judging(wildcards)]

    def judging(self, wildcards: Wildcards) -> dict[str, str]:
        """File of these gates, relative to the world -> the task or study that it judges."""
        files = {f"tables/gates_{task}.json": task for task in self.tasks(wildcards)}
        for study in map("_".join, self._chosen(wildcards.extent)):
            files |= {f"tables/deepunlearn_{kind}_gates_{study}.json": study for kind in ("study", "search")}
        if wildcards.extent == "all":
            membership = [file for file in self._tables.membership(self.tasks(wildcards)) if "membership_gates_" in file]
            for file in membership:
                name = file.removeprefix("<results>/")
                files[name] = name.removeprefix("tables/membership_gates_").removesuffix(".json")
            files |= {f"tables/unlearncanvas_gates_{task}.json": task for task in self._canvas.tasks}
        return files

    def pictured(self, wildcards: Wildcards) -> list[str]:
        """Tasks with pictures of every model."""
        return [task for task in self.tasks(wildcards) if self._shown(task)]

    def pictures(self, wildcards: Wildcards) -> list[str]:
        """Their bad cases."""
        return [f"<results>/worst_pairs/{task}.json" for task in self.pictured(wildcards)]

    @property
    def with_pictures(self) -> list[str]:
        """Tasks that have a bad case."""
        return [task for task in self._settings.entity_tasks if self._shown(task)]

    def _shown(self, task: str) -> bool:
        return any(self._models.pictured(task, method) for method in self._models.methods_of(task))

    def models(self, wildcards: Wildcards) -> list[str]:
        """Names of the models with pictures of the wildcard's task, in the order of their shards."""
        task = wildcards.task
        return [model.name for method in self._models.methods_of(task) for model in self._models.pictured(task, method)]

    def pages(self, wildcards: Wildcards) -> list[str]:
        """Tables as pages."""
        return [f"<results>/{page}" for pages in self._pages_of(wildcards.extent).values() for page in pages]

    def links(self, wildcards: Wildcards) -> dict[str, dict[str, str]]:
        """What lies beside the answer and was made before it: task or study -> address of a page -> its title."""
        pages = self._pages_of(wildcards.extent)
        return {
            subject: {page: KINDS[page.removeprefix("tables/").removesuffix(f"_{subject}.html")].title for page in own}
            for subject, own in pages.items()
        }

    def _pages_of(self, extent: str) -> dict[str, list[str]]:
        found = {task: self._pages.of_tasks([task]) for task in self._tasks(extent)}
        if extent == "all":
            for task in found:
                found[task] += [f"tables/membership_{task}.html"] if self._tables.membership([task]) else []
        attacked = self._attacked(extent)
        found |= {"_".join(study): self._pages.of_study("_".join(study), study in attacked) for study in self._chosen(extent)}
        return found | {task: [file.replace(".csv", ".html")] for task, file in self._canvases(extent).items()}

    @property
    def static(self) -> list[Path]:
        """Template, style and script of the page."""
        return sorted((self._root / "src/lethe/answer/static").iterdir())

    def _tasks(self, extent: str) -> list[str]:
        chosen = self._settings.demo_tasks if extent == "demo" else self._settings.entity_tasks
        return [task for task in self._settings.entity_tasks if task in chosen]

    def _chosen(self, extent: str) -> list[tuple[str, str]]:
        return list(self._studies.demo if extent == "demo" else self._studies.pairs)

    def _attacked(self, extent: str) -> list[tuple[str, str]]:
        return [study for study in self._chosen(extent) if self._deepunlearn.attacked(*study)]

    def _canvases(self, extent: str) -> dict[str, str]:
        if extent == "demo":
            files = self._canvas.demo
            return {file.removesuffix(".csv").rsplit("_demo_", 1)[1]: file.removeprefix("<results>/") for file in files}
        return {task: f"tables/unlearncanvas_accuracy_{task}.csv" for task in self._canvas.tasks}
