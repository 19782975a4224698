"""A figure of UnlearnCanvas: of which methods on which task, and which finished files it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pandas as pd
from pydantic import Field

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.concepts import Canvas, canvas_of
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.plan.attacked import attacked
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.figures.footnote import in_one_line
from lethe.figures.pictures import read_pictures
from lethe.figures.templates.base import Files, Pictures, Template
from lethe.figures.templates.parameters import Names, Parameters
from lethe.figures.templates.result import Result
from lethe.io.tables import read_parquet
from lethe.settings.strict import Name, check_known
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas

if TYPE_CHECKING:
    from lethe.diffusion.plan.models import Models
    from lethe.figures.templates.world import World
    from lethe.settings.models import Settings


class CanvasParameters(Parameters):
    """What a figure of the benchmark is asked for."""

    task: Name = Field(description="task of the section `unlearncanvas`")


class MethodsParameters(CanvasParameters):
    """A figure of methods."""

    methods: Names = Field(description="methods, in the order that they are drawn below the references")


class JudgedParameters(MethodsParameters):
    """A figure of what one judge sees."""

    judge: int = Field(1, ge=1, description="number of the judge; 1 is the benchmark's")


class CanvasData(NamedTuple):
    """What ``compute`` gets.

    Attributes:
        tables: kind -> table of ``tables/unlearncanvas_{kind}_{task}.csv``, rows of the methods that are asked for and of the base.
        answers: method -> answer set, with the base; empty where the figure reads none.
        canvas: cells and concepts.
        protocol: by which the table of concepts is made.
        tuning: indices of concepts that are not reported.
        judges: who judges, in order.
        real: features of real images; None where the figure reads none.
    """

    tables: Mapping[str, pd.DataFrame]
    answers: Mapping[str, pd.DataFrame]
    canvas: Canvas
    protocol: str
    tuning: tuple[int, ...]
    judges: tuple[Judge, ...] = ()
    real: Embeddings | None = None


C = TypeVar("C", bound=CanvasParameters)


def _methods(parameters: CanvasParameters) -> list[str]:
    return list(parameters.methods) if isinstance(parameters, MethodsParameters) else []


@dataclass(frozen=True)
class CanvasTemplate(Template[C, CanvasData]):
    """A figure of one task; ``compute(parameters, data, inference)``.

    Attributes:
        tables: kinds of tables that it reads.
        answers: whether it reads the answer sets.
        real: whether it reads the features of real images.
        images: whether it shows pictures; then its parameters have ``seed``, and where there are methods ``concept``.
    """

    tables: tuple[str, ...] = ()
    answers: bool = False
    real: bool = False
    images: bool = False

    def check(self, parameters: C, world: World) -> None:
        """Refuse a task, method, judge or concept that the world does not have."""
        settings = world.settings
        check_known("task of UnlearnCanvas", parameters.task, list(settings.unlearncanvas))
        for method in _methods(parameters):
            check_known("method", method, world.models.methods_of(parameters.task))
        judges = len(settings.unlearncanvas[parameters.task].judges)
        if (judge := getattr(parameters, "judge", 1)) > judges:
            raise ValueError(f"judge: {judge} does not exist; allowed: 1 to {judges}")
        if "attack" in self.tables:
            self._check_attacked(parameters, world)
        if self.real:
            self._check_features(settings, parameters.task)
        if self.images:
            seed, concept = getattr(parameters, "seed", None), getattr(parameters, "concept", None)
            for method in _methods(parameters):
                if concept not in (there := world.models.emitters(parameters.task, method)):
                    found = ", ".join(map(str, there))
                    raise ValueError(f"concept: '{method}' has no model of {concept}; allowed: {found}")
            if seed not in (seeds := settings.generation_of(parameters.task).seeds):
                raise ValueError(f"seed: {seed} is not drawn; allowed: {', '.join(map(str, seeds))}")

    def _check_attacked(self, parameters: C, world: World) -> None:
        attack = world.settings.unlearncanvas[parameters.task].attack
        if attack is None:
            raise ValueError(f"task: models of '{parameters.task}' are not attacked; set unlearncanvas.{parameters.task}.attack")
        for method in _methods(parameters):
            check_known("attacked method", method, attacked(world.models, parameters.task, attack))

    def _check_features(self, settings: Settings, task: str) -> None:
        judge = settings.unlearncanvas[task].judges[-1]
        for metric in (judge.style, judge.object):
            name = settings.classifier_of(task, metric)
            if not settings.evaluators[name].features:
                raise ValueError(f"task: '{task}' keeps no features of its last judge; set evaluators.{name}.features: true")

    def asks(self, parameters: C, world: World) -> dict[str, list[str]]:
        """The methods that it shows; no metric, and no method of classifiers."""
        nothing: dict[str, list[str]] = {"lethe.classifiers.methods.METHODS": [], "lethe.diffusion.metrics.METRICS": []}
        return nothing | {"lethe.diffusion.methods.METHODS": _methods(parameters)}

    def files(self, parameters: C, world: World) -> dict[str, list[str]]:
        """Cells and emitters, tables, answer sets, shards."""
        task = parameters.task
        files = {"receivers": [f"receivers_{task}.json"], "emitters": [f"emitters_{task}.json"]}
        files |= {kind: [f"tables/unlearncanvas_{kind}_{task}.csv"] for kind in self.tables}
        if self.answers:
            files["answers"] = [f"answers/{task}_{name}.parquet" for name in ("baseline", *_methods(parameters))]
        if self.real:
            files["real"] = [f"unlearncanvas/real_{task}_embeddings.npz"]
        if self.images:
            shards = [f"datasets/generated_{run}" for run in (f"{task}_baseline", *self._shown(parameters, world.models))]
            files |= {"tars": [f"{shard}.tar" for shard in shards], "indices": [f"{shard}.parquet" for shard in shards]}
            files |= {"decoder": bases} if (bases := world.settings.decoding_base(task)) else {}
        return files

    def _shown(self, parameters: C, models: Models) -> list[str]:
        """Names of the models of the concept, one of every method."""
        concept = getattr(parameters, "concept", None)
        every = [model for method in _methods(parameters) for model in models.of_method(parameters.task, method)]
        return [model.name for model in every if model.index == concept]

    def facts(self, parameters: C, world: World) -> dict[str, Any]:
        """``settings`` of the benchmark, and ``tuning``, the concepts on which hyper-parameters were chosen."""
        settings = world.settings.unlearncanvas[parameters.task].of_measures()
        return {"settings": settings, "tuning": list(world.settings.tasks[parameters.task].tuning_emitters)}

    def load(self, parameters: C, files: Files, facts: Mapping[str, Any]) -> CanvasData:
        """Tables, answers and cells."""
        settings = UnlearnCanvas(**facts["settings"])
        shown = [BASE, *_methods(parameters)]
        tables = {kind: table[table["method"].isin(shown)] for kind in self.tables for table in [pd.read_csv(files[kind][0])]}
        answers = dict(zip(shown, map(read_parquet, files["answers"]), strict=True)) if self.answers else {}
        canvas = canvas_of(read_receivers(files["receivers"][0]), read_emitters(files["emitters"][0]), settings)
        real = Embeddings.load(files["real"][0]) if self.real else None
        return CanvasData(tables, answers, canvas, settings.protocols[0], tuple(facts["tuning"]), tuple(settings.judges), real)

    def remarks(self, parameters: C, result: Result, facts: Mapping[str, Any]) -> list[str]:
        """What the names of methods mean; references say it in their rows."""
        return in_one_line(method for method in _methods(parameters) if not ROLES.role(method))

    def pictures(self, result: Result, files: Files, facts: Mapping[str, Any]) -> Pictures:
        """The pictures that the rows of the result name, from the shards of the base and of each method."""
        if not self.images:
            return {}
        shards = zip(result.notes["shards"], files["tars"], files["indices"], strict=True)
        return read_pictures(result.rows, shards, files.get("decoder", ()))
