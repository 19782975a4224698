"""Benchmarks: which there are, and what they are measured on."""

from __future__ import annotations

from lethe.diffusion.plan.models import Models
from lethe.figures.templates import TEMPLATES
from lethe.planning.wildcards import Wildcards
from lethe.settings.models import Settings

NAMES = ("batch_invariance", "dry_run", "uce", "scoring", "stacked_training", "tables")  # of `make bench`
METHOD = "uce"  # whose first model is scored: it costs nothing to make


class Benchmarks:
    """What `make bench` measures: on the first task of the demo, and on the first data set of Deep Unlearn.

    Attributes:
        task: name of the task.
        dataset: name of the data set.
        files: of all benchmarks; they belong to no world.
    """

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self.models = models
        self.task = settings.demo_tasks[0]
        self.dataset = next(iter(settings.deepunlearn.datasets))
        self.files = [f"results/bench/{name}.json" for name in NAMES]

    @property
    def templates(self) -> dict[str, list[str]]:
        """What the benchmark of the tables asks the registry of templates for: all of them may be timed."""
        return {"lethe.figures.templates.TEMPLATES": list(TEMPLATES)}

    @property
    def base(self) -> str:
        """The pipeline folder of the task."""
        return f"<results>/base/{self.settings.tasks[self.task].base}"

    @property
    def receivers(self) -> str:
        """What is asked for in the task."""
        return f"<results>/receivers_{self.task}.json"

    @property
    def data(self) -> str:
        """The data set, prepared."""
        return f"<results>/deepunlearn/{self.dataset}/data.safetensors"

    def shards(self, wildcards: Wildcards) -> dict[str, str]:
        """The off images of the task, and the on images of one model."""
        names = {"off": f"{self.task}_baseline", "on": self.models.names(self.task, [METHOD])[0]}
        kinds = {"tar": "tar", "index": "parquet"}
        return {
            f"{which}_{kind}": f"<results>/datasets/generated_{name}.{ending}"
            for which, name in names.items()
            for kind, ending in kinds.items()
        }
