"""Which overviews the explorer of a world can have, and what each is computed from."""

from __future__ import annotations

from collections.abc import Iterable

from lethe.answer.plan import tables_of
from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.benchmarks.unlearncanvas.plan.tables import Canvas
from lethe.classifiers.plan.studies import Studies
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

EXTENTS = ("all", "demo")  # of the answers, and of the methods of UnlearnCanvas


class Overviews:
    """What stands beside the tasks of entities in the explorer, and files behind every overview."""

    def __init__(self, settings: Settings, studies: Studies, deepunlearn: DeepUnlearn, canvas: Canvas) -> None:
        self._settings = settings
        self._studies, self._deepunlearn, self._canvas = studies, deepunlearn, canvas

    def tables(self, wildcards: Wildcards) -> list[str]:
        """Tables that the overview of a task of entities reads."""
        return tables_of(wildcards.task, self._settings)

    def study(self, wildcards: Wildcards) -> str:
        """The wildcards' study, as it stands in the names of files."""
        return f"{wildcards.dataset}_{wildcards.architecture}"

    def canvas_table(self, wildcards: Wildcards) -> str:
        """Accuracies of a task of UnlearnCanvas, of all methods or of the demo's."""
        return f"<results>/tables/unlearncanvas_{'demo' if wildcards.extent == 'demo' else 'accuracy'}_{wildcards.task}.csv"

    def canvas_gates(self, wildcards: Wildcards) -> list[str]:
        """Its gates; the demo has none."""
        return [] if wildcards.extent == "demo" else [f"<results>/tables/unlearncanvas_gates_{wildcards.task}.json"]

    def canvas_confusion(self, wildcards: Wildcards) -> list[str]:
        """What is drawn instead; the demo does not compute it."""
        return [] if wildcards.extent == "demo" else [f"<results>/tables/unlearncanvas_confusion_{wildcards.task}.csv"]

    @property
    def parts(self) -> list[dict[str, str]]:
        """Folder and name of everything that may lie beside the tasks of entities, in the order of the page."""
        studies = [(f"deepunlearn_{name}", name, "Deep Unlearn: classifiers") for name in self._of_studies(self._studies.pairs)]
        canvases = [
            (f"unlearncanvas_{extent}_{task}", task if extent == "all" else f"{task}, methods of the demo", "UnlearnCanvas")
            for task in self._canvas.tasks
            for extent in EXTENTS
        ]
        return [{"name": folder, "label": name, "benchmark": benchmark} for folder, name, benchmark in [*studies, *canvases]]

    def files(self, extent: str) -> list[str]:
        """The overviews that the demo leads to, or everything does, and the way to the answer."""
        studies = self._of_studies(self._studies.demo if extent == "demo" else self._studies.pairs)
        demo = {file.removesuffix(".csv").rsplit("_demo_", 1)[1] for file in self._canvas.demo}
        canvases = [task for task in self._canvas.tasks if extent == "all" or task in demo]
        folders = [f"deepunlearn_{name}" for name in studies] + [f"unlearncanvas_{extent}_{task}" for task in canvases]
        return [*(f"<results>/explorer/{name}/overview.js" for name in folders), f"<results>/explorer/links_{extent}.js"]

    def _of_studies(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """Those that are attacked, as they stand in the names of files."""
        return ["_".join(study) for study in pairs if self._deepunlearn.attacked(*study)]
