"""A figure of tasks: which finished files it reads, and what it makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lethe.benchmarks.icare.entities import OTHERS_QUANTITIES, QUANTITIES
from lethe.benchmarks.icare.figures.words import explained
from lethe.benchmarks.icare.parameters import ResultParameters, kinds_of, methods_of, metrics_of, tasks_of
from lethe.benchmarks.icare.templates import check, files
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.files import Models
from lethe.benchmarks.icare.templates.lacking import lacking
from lethe.benchmarks.icare.templates.needs import Needs
from lethe.core.records import ModelId
from lethe.diffusion.metrics.specs import metric_of
from lethe.figures.footnote import in_one_line
from lethe.figures.templates.base import Files, P, Pictures, Template
from lethe.figures.templates.result import Result

if TYPE_CHECKING:
    from lethe.figures.templates.world import World
    from lethe.settings.models import Settings

OWN_CLIP = "CLIP here is a small model that this world trained on its own pictures: 100 \u00d7 cosine spans more than with published CLIP models."


@dataclass(frozen=True)
class TaskTemplate(Needs, Template[P, Mapping[str, TaskData]]):
    """A figure of one or several tasks; ``compute(parameters, task -> data, inference)``.

    Attributes:
        name: short name, part of paths.
        title: the class name of the reference without ``ResultTemplate``; the same as ``name`` where it has no short one.
    """

    def check(self, parameters: P, world: World) -> None:
        """Refuse tasks, methods, metrics, similarities, statistics, entities and seeds that the world does not have."""
        check.check(self.name, self, parameters, world.settings)
        if reason := lacking(self, parameters, world.models):
            raise ValueError(f"{self.name}: {reason}")

    def asks(self, parameters: P, world: World) -> dict[str, list[str]]:
        """The methods and metrics that it shows, and the metrics behind the published statistics: of others nothing is read."""
        shown = [metric_of(quantity) for quantity in (*QUANTITIES, *OTHERS_QUANTITIES, *metrics_of(parameters))]
        return {
            "lethe.diffusion.metrics.METRICS": [metric for metric in shown if metric],
            "lethe.diffusion.methods.METHODS": methods_of(parameters),
        }

    def files(self, parameters: P, world: World) -> dict[str, list[str]]:
        """Metadata, tables, similarities, embeddings, shards of images, and the base that makes pictures of latents where these are kept."""
        found = files.files_of(self, parameters, self._models_of(world), by_method=world.models.tabulated)
        bases = world.settings.decoding_base(tasks_of(parameters)[0]) if self.images else []
        return found | ({"decoder": bases} if bases else {})

    def facts(self, parameters: P, world: World) -> dict[str, Any]:
        """``models``: names of the models whose embeddings or images are read, in the order of the files. Of each task ``balance``, its
        balanced attributes, and ``tuning``, the emitters on which hyper-parameters were chosen. ``own_clip``: whether the CLIP
        that scores was trained in this world."""
        tasks = {name: world.settings.entity_tasks[name] for name in tasks_of(parameters)}
        return {
            "models": [model.name for model in files.models_of(self, parameters, self._models_of(world))],
            "balance": {name: list(task.balance) for name, task in tasks.items()},
            "tuning": {name: list(task.tuning_emitters) for name, task in tasks.items()},
            "own_clip": _own_clip(world.settings, list(tasks)),
        }

    def _models_of(self, world: World) -> Models:
        """(task, method) -> the models that have what this figure reads of each."""
        return world.models.embedded if self.embeddings else world.models.pictured if self.images else world.models.of_method

    def remarks(self, parameters: P, result: Result, facts: Mapping[str, Any]) -> list[str]:
        """What symbols and names of methods mean, and that numbers of CLIP are those of a CLIP that this world trained itself."""
        shown = [*metrics_of(parameters), *kinds_of(parameters), *(name for _, name in result.axes.values())]
        shown += [str(value) for key, value in parameters if key.startswith("statistic")]
        own_clip = [OWN_CLIP] if facts["own_clip"] and any("clip" in name for name in shown) else []
        if not isinstance(parameters, ResultParameters):  # these explain themselves
            return own_clip
        return [*explained(result), *in_one_line(methods_of(parameters)), *own_clip]

    def load(self, parameters: P, files_of_kinds: Files, facts: Mapping[str, Any]) -> dict[str, TaskData]:
        """Task -> data."""
        return files.load_data(parameters, files_of_kinds, _models(facts), facts["balance"], facts["tuning"])

    def pictures(self, result: Result, files_of_kinds: Files, facts: Mapping[str, Any]) -> Pictures:
        """The pictures that the rows of the result name, from the shards of the base and of each method."""
        return files.read_pictures(result.rows, files_of_kinds, _models(facts)) if self.images else {}


def _own_clip(settings: Settings, tasks: Sequence[str]) -> bool:
    """Whether the CLIP that scores tasks is a model of this world, not one that others know."""
    if settings.archive.imported("tables"):
        return False
    clips = [entry for entry in settings.evaluators.values() if entry.kind == "clip" and entry.source != "pretrained"]
    return any(not entry.tasks or set(entry.tasks) & set(tasks) for entry in clips)


def _models(facts: Mapping[str, Any]) -> list[ModelId]:
    return [ModelId.parse(name) for name in facts["models"]]
