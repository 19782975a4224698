"""Benchmarks: which there are, and what they are measured on."""

from __future__ import annotations

from typing import Any

from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.models import Models
from lethe.figures.templates import TEMPLATES
from lethe.planning.targets import Values
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

NAMES = (
    "batch_invariance",
    "dry_run",
    "plan_10000",
    "slurm_10000",
    "receivers",
    "uce",
    "scoring_cpu",
    "kept_images",
    "stacked_training",
    "training_step",
    "diffusion_step",
    "influence",
    "tables",
    "tables_memory",
)  # of `make bench`
PEERS = ".venv/reference"  # Vision Unlearning's wheel, which `make bench` installs apart: `scoring_peers` needs it
OF_CELLS = ("answers", "answers_vit", "canvas_plan")  # of `make bench` where there is a task of UnlearnCanvas
METHOD = "uce"  # whose first model is scored: it costs nothing to make


class Benchmarks:
    """What `make bench` measures: on the first task of the demo, of UnlearnCanvas, and on the first data set of Deep Unlearn.

    Attributes:
        task: name of the task.
        canvas: name of the task of UnlearnCanvas; empty where there is none.
        dataset: name of the data set.
        peers: folder with the wheel of Vision Unlearning.
        files: of all benchmarks; they belong to no world.
    """

    def __init__(self, settings: Settings, models: Models, bases: Bases) -> None:
        self.settings = settings
        self.models = models
        self.bases = bases
        self.task = settings.demo_tasks[0]
        self.dataset = next(iter(settings.deepunlearn.datasets))
        self.canvas = next(iter(settings.unlearncanvas), "")
        self.peers = PEERS
        self.files = [f"results/bench/{name}.json" for name in (*NAMES, *(OF_CELLS if self.canvas else ()))]

    @property
    def templates(self) -> dict[str, list[str]]:
        """What the benchmark of the tables asks the registry of templates for: all of them may be timed."""
        return {"lethe.figures.templates.TEMPLATES": list(TEMPLATES)}

    @property
    def base(self) -> str:
        """The pipeline folder of the task."""
        return f"<results>/base/{self.settings.tasks[self.task].base}"

    @property
    def delta(self) -> str:
        """The first model of ``METHOD`` of the task."""
        return f"<results>/models/{self.models.names(self.task, [METHOD])[0]}/delta.safetensors"

    def evaluators(self, wildcards: Wildcards) -> list[str]:
        """The folders of the evaluators that score the task."""
        return self.bases.evaluators(Values(task=self.task))

    def evaluator_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Name -> what they are, as plain data."""
        return self.bases.evaluator_settings(Values(task=self.task))

    def scoring(self, wildcards: Wildcards) -> dict[str, Any]:
        """What is measured on images of the task, as plain data."""
        return self.settings.scoring_by(self.settings.metrics_of(self.task))

    @property
    def receivers(self) -> str:
        """What is asked for in the task."""
        return f"<results>/receivers_{self.task}.json"

    @property
    def data(self) -> str:
        """The data set, prepared."""
        return f"<results>/deepunlearn/{self.dataset}/data.safetensors"

    def answers(self, wildcards: Wildcards) -> dict[str, list[str] | str]:
        """Images of the task of UnlearnCanvas, of its base and of one model, and who judges them."""
        names = self._images_of(self.canvas)
        return {
            "tars": [f"<results>/datasets/generated_{name}.tar" for name in names],
            "indices": [f"<results>/datasets/generated_{name}.parquet" for name in names],
            "receivers": f"<results>/receivers_{self.canvas}.json",
            "evaluators": self.bases.evaluators(Values(task=self.canvas)),
        }

    def judges(self, wildcards: Wildcards) -> dict[str, Any]:
        """Name -> what it is, of the evaluators of that task, as plain data."""
        return self.bases.evaluator_settings(Values(task=self.canvas))

    def judging(self, wildcards: Wildcards) -> dict[str, Any]:
        """What is measured there: what its judges see."""
        judges = self.settings.unlearncanvas[self.canvas].judges
        return self.settings.scoring_by(name for judge in judges for name in (judge.style, judge.object))

    def methods_of_canvas(self, wildcards: Wildcards) -> list[str]:
        """What runs on that task."""
        return self.settings.methods_of(self.canvas)

    def settings_of_canvas(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the benchmark has to know of that task, as plain data."""
        return self.settings.unlearncanvas[self.canvas].model_dump()

    def _images_of(self, task: str) -> list[str]:
        return [f"{task}_baseline", self.models.names(task, [METHOD])[0]]
