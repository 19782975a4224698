"""Which unlearned models a configuration has, and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from lethe.core.methods import RANDOM, RETRAINED, intervenes
from lethe.core.records import ModelId
from lethe.core.registry import nearest
from lethe.diffusion.methods import METHODS, PREPARED, ROLES, VARIANTS
from lethe.diffusion.plan.external import Externals
from lethe.planning.batches import Group, Shape, batches, shapes
from lethe.planning.wildcards import Wildcards, one_of
from lethe.settings.archive import VISION_UNLEARNING, Kind
from lethe.settings.errors import SettingsError
from lethe.settings.methods import MethodSettings, load_method
from lethe.settings.models import Settings


class Held(Protocol):
    """A corpus of others, of which not every model need be there (``lethe.archive.corpus.plan``)."""

    def emitters(self, task: str, method: str, epochs: int, /) -> list[int]:
        """Indices of the entities with a model."""

    def holds(self, kind: str, model: ModelId, /) -> bool:
        """Whether there are ``embeddings`` or ``images`` of a model."""


class Models:
    """Models of every task and method, in index order.

    Args:
        settings: of the world.
        methods_folder: where the hyper-parameters of methods are, ``config/methods``.
        externals: methods whose models others made; None: those of the settings.
        held: the corpus that they come from, if they do.
    """

    def __init__(
        self, settings: Settings, methods_folder: Path, externals: Externals | None = None, held: Held | None = None
    ) -> None:
        self.settings = settings
        self.externals = externals or Externals(settings)
        self.held = held if settings.archive.imported("tables", "images") else None
        self.tasks = list(settings.tasks)
        self.methods = settings.methods
        self.method = lru_cache(maxsize=None)(self._method)
        self._folder = methods_folder

    @property
    def compared(self) -> list[str]:
        """Methods that unlearn every entity: all but the references."""
        return [method for method in self.methods if not ROLES.role(method)]

    def with_weights(self, task: str) -> list[str]:
        """Methods with models of a task that have weights: not those that act while an image is drawn, nor pictures of others."""
        return [method for method in self.methods_of(task) if not self._lacks_weights(method)]

    def _lacks_weights(self, method: str) -> str:
        """Why models of a method have no weights; empty: they have."""
        if method in self.externals:
            return "" if self.externals.has_model(method) else "are pictures alone (kind: images)"
        return "act while an image is drawn" if intervenes(METHODS, method) else ""

    def check_weights(self, task: str, named: Mapping[str, str]) -> None:
        """Refuse methods whose models have no weights, for what needs them.

        Args:
            named: key or file -> the method that it names.

        Raises:
            SettingsError: naming the first of them, and those that are allowed.
        """
        for where, method in named.items():
            if reason := self._lacks_weights(method):
                raise SettingsError(
                    f"{where}: models of '{method}' {reason} and have no weights; allowed: {', '.join(self.with_weights(task))}"
                )

    @property
    def published_variants(self) -> list[str]:
        """Methods that behave as published and run beside ours on one task, outside `all`, unless the world has them anyway."""
        if not self.built("models", "images", "metadata"):
            return []  # a published record holds no variants
        return [
            published
            for ours, published in VARIANTS.published(VARIANTS).items()
            if ours in self.methods and published not in self.methods
        ]

    @property
    def runnable(self) -> list[str]:
        """Every method whose models can be asked for."""
        return list(dict.fromkeys(method for task in self.tasks for method in self._runnable_on(task)))

    def _runnable_on(self, task: str) -> list[str]:
        variants = self.published_variants if task in self.settings.entity_tasks else []
        return self.settings.methods_of(task) + [name for name in variants if name not in self.settings.methods_of(task)]

    def built(self, *kinds: str) -> bool:
        """Whether artefacts of all these classes are computed here instead of read from a published record.

        Where pairs or images are those of others, no model is unlearned and nothing is drawn.
        """
        theirs = ("models", "images") if self.held is not None else ()
        return all(getattr(self.settings.archive, kind) == "build" and kind not in theirs for kind in kinds)

    def where_built(self, *kinds: str, tasks: Iterable[str] | None = None) -> str:
        """A constraint on ``{task}``: every task if artefacts of all these classes are computed here, else none.

        Args:
            tasks: some of all, e.g. those of entities; None: all.
        """
        return one_of((self.tasks if tasks is None else tasks) if self.built(*kinds) else [])

    def where_archived(self, *kinds: str, tasks: Iterable[str] | None = None) -> str:
        """A constraint on ``{task}``: every task if artefacts of one of these classes come from a record of this project, else none."""
        theirs = self.settings.archive.layout == VISION_UNLEARNING
        return one_of([] if self.built(*kinds) or theirs else (self.tasks if tasks is None else tasks))

    def where_imported(self, *kinds: Kind, tasks: Iterable[str] | None = None) -> str:
        """A constraint on ``{task}``: every task if artefacts of one of these classes come from a corpus of others, else none."""
        return one_of((self.tasks if tasks is None else tasks) if self.settings.archive.imported(*kinds) else [])

    @property
    def tabulated(self) -> bool:
        """Whether tables are put together here, of images that were scored or of pairs that were imported: first per method."""
        return self.built("tables") or self.settings.archive.imported("tables")

    def where_tabulated(self, tasks: Iterable[str]) -> str:
        """A constraint on ``{task}``: every task if so, else none."""
        return one_of(tasks if self.tabulated else [])

    def where_scored(self) -> str:
        """A constraint on ``{task}``: every task unless its tables come from a corpus of others, whose pairs stand for scores."""
        return one_of([] if self.settings.archive.imported("tables") else self.tasks)

    @property
    def scored_shapes(self) -> list[Shape]:
        """The shapes of batches of models whose images are scored here."""
        return [] if self.settings.archive.imported("tables") else self.shapes()

    def _method(self, task: str, method: str) -> MethodSettings:
        if method in self.externals:
            return self.externals.settings_of(method)
        return load_method(method, self.settings.hyperparameters, task, self._folder)

    def emitters(self, task: str, method: str) -> list[int]:
        """Indices of the emitters that ``method`` unlearns: those of the task; of retraining and of others those that have a model."""
        asked = self.settings.tasks[task]
        if method in self.externals:
            return self.externals.emitters(task, method)
        if self.held is not None and asked.kind == "entities":
            return self.held.emitters(task, method, self.method(task, method).epochs)
        if ROLES.role(method) == RETRAINED:
            return list(asked.retrain_emitters)
        if asked.kind == "cells":  # those that hyper-parameters were chosen on are never reported
            return [index for index in asked.unlearned if index not in asked.tuning_emitters]
        return asked.unlearned

    def all_unlearned(self, task: str) -> bool:
        """Whether every entity of a task is unlearned; matrices of a task where some are not have rows without values."""
        asked = self.settings.tasks[task]
        return len(asked.unlearned) == asked.emitters_count

    def of(self, task: str, methods: Iterable[str] | None = None) -> list[ModelId]:
        """Every model of a task under some methods, those of the world if none are named."""
        return [
            ModelId(task, index, method, self.method(task, method).epochs)
            for method in (self.settings.methods_of(task) if methods is None else methods)
            for index in self.emitters(task, method)
        ]

    def names(self, task: str, methods: Iterable[str] | None = None) -> list[str]:
        """Names of these models, e.g. ``people_000_uce_000``."""
        return [model.name for model in self.of(task, methods)]

    def of_method(self, task: str, method: str) -> list[ModelId]:
        """Every model of a task and method."""
        return self.of(task, [method])

    def embedded(self, task: str, method: str) -> list[ModelId]:
        """Those of a method with embeddings of their images: of a corpus of others perhaps not all."""
        return [model for model in self.of_method(task, method) if self.held is None or self._holds("embeddings", model)]

    def pictured(self, task: str, method: str) -> list[ModelId]:
        """Those of a method with images: of a corpus of others perhaps not all, or none where images are no part of this world."""
        if self.held is None:
            return self.of_method(task, method)
        brought = self.settings.archive.imported("images")
        return [model for model in self.of_method(task, method) if brought and self._holds("images", model)]

    def _holds(self, kind: str, model: ModelId) -> bool:
        scored = kind == "embeddings" and not self.settings.archive.imported("tables")  # here, of all images
        return self.held is None or scored or self.held.holds(kind, model)

    def methods_of(self, task: str) -> list[str]:
        """The methods that unlearn an entity of a task; retraining does so for some tasks only."""
        return [method for method in self.settings.methods_of(task) if self.emitters(task, method)]

    # --- batches ---

    def _alone(self, task: str, method: str) -> bool:
        """Whether each model of a method is a batch of its own: there are models of a few emitters only."""
        if method in self.externals:
            return not self.externals.covers_all(task, method)
        return self.held is not None or ROLES.role(method) == RETRAINED  # of a corpus any may lack

    def shapes(
        self,
        *kinds: str,
        built: bool = True,
        methods: Iterable[str] | None = None,
        tasks: Iterable[str] | None = None,
        having: Callable[[str], bool] = lambda method: True,
    ) -> list[Shape]:
        """The shapes of batches of models, where artefacts of these classes are computed here (or come from a published record).

        Args:
            kinds: classes of artefacts, of `archive` in the configuration; none: models of every origin.
            built: whether those computed here are meant.
            methods: some of all whose models can be asked for; None: all.
            tasks: some of all, e.g. those of entities; None: all.
            having: of these, the methods for which it is true.
        """
        if kinds and self.built(*kinds) != built:
            return []
        groups = [
            (self._alone(task, method), Group(task, f"_{method}_", tuple(self.emitters(task, method))))
            for task in (self.tasks if tasks is None else tasks)
            for method in (self._runnable_on(task) if methods is None else methods)
            if having(method)
        ]
        return shapes([group for alone, group in groups if not alone], [group for alone, group in groups if alone])

    @cached_property
    def split_shapes(self) -> list[Shape]:
        """The shapes of batches of emitters, whatever the method."""
        return shapes([Group(name, "/", tuple(task.unlearned)) for name, task in self.settings.tasks.items()])

    def made_with_another(self, task: str) -> list[ModelId]:
        """Every model of a task but the first of each batch: where that one is made, so are they."""
        return [
            ModelId(task, int(name + unit), method, self.method(task, method).epochs)
            for method in self.settings.methods_of(task)
            for name, units in batches(self.emitters(task, method), together=not self._alone(task, method))
            for unit in units[1:]
        ]

    def in_batch(self, shape: Shape) -> Callable[[Wildcards], list[str]]:
        """A params function: names of the models that a job of this shape makes."""

        def names(wildcards: Wildcards) -> list[str]:
            task, method, epochs = wildcards.task, wildcards.method, int(wildcards.epochs)
            return [ModelId(task, index, method, epochs).name for index in shape.indices(wildcards)]

        return names

    def of_wildcards(self, wildcards: Wildcards) -> list[str]:
        """Names of the models of the wildcards' task, or of their task and method."""
        return self.names(wildcards.task, [wildcards.method] if "method" in dict(wildcards.items()) else None)

    # --- files and parameters of jobs ---

    def scores(self, task: str) -> list[str]:
        """Scores of the images of a task, under the base and under every model."""
        return [f"<results>/scores/{name}.parquet" for name in (f"{task}_baseline", *self.names(task))]

    def files(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """An input function: ``pattern``, which holds ``{model}``, for every model of ``of_wildcards``."""
        return lambda wildcards: [pattern.replace("{model}", name) for name in self.of_wildcards(wildcards)]

    def as_deltas(self, wildcards: Wildcards) -> list[str]:
        """Of the models of ``of_wildcards`` those that are more than pictures of others."""
        return [name for name in self.of_wildcards(wildcards) if self.externals.has_model(ModelId.parse(name).method)]

    def files_of_deltas(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """An input function: ``pattern``, which holds ``{model}``, for every model of ``as_deltas``."""
        return lambda wildcards: [pattern.replace("{model}", name) for name in self.as_deltas(wildcards)]

    def runs_here(self, method: str) -> bool:
        """Whether models of a method are made here, and not by others."""
        return method not in self.externals

    def files_in_batch(self, shape: Shape, pattern: str) -> Callable[[Wildcards], list[str]]:
        """An input function: ``pattern``, which holds ``{model}``, for every model of the wildcards' batch."""
        names = self.in_batch(shape)
        return lambda wildcards: [pattern.replace("{model}", name) for name in names(wildcards)]

    def hyperparameters(self, wildcards: Wildcards) -> dict[str, Any]:
        """The hyper-parameters of the wildcards' method on their task."""
        return self.method(wildcards.task, wildcards.method).parameters

    @property
    def preparing(self) -> list[str]:
        """Methods that prepare something for all emitters of a task."""
        return [method for method in self.runnable if PREPARED.prepares(method)]

    def prepared(self, wildcards: Wildcards) -> list[str]:
        """What the wildcards' method has prepared for their task, and its record; of a method that prepares nothing, no file."""
        if not PREPARED.prepares(wildcards.method):
            return []
        return [f"<results>/prepared/{wildcards.task}_{wildcards.method}.{suffix}" for suffix in ("safetensors", "json")]

    def measured_of(self, task: str, method: str) -> str:
        """Of the control that moves weights at random: the method whose distance it takes.

        Raises:
            SettingsError: that is no method of the task, or one that tells no distance of its own.
        """
        of = str(self.method(task, method).parameters["of"])
        allowed = [name for name in self.with_weights(task) if ROLES.role(name) not in (RANDOM, RETRAINED)]
        if of not in allowed:
            where = f"{self._folder / method}.yaml: of is '{of}' for task '{task}'"
            raise SettingsError(
                f"{where}; allowed: {', '.join(allowed)}, its methods with weights and a model of every emitter{nearest(of, allowed)}"
            )
        return of

    def measured(self, shape: Shape) -> Callable[[Wildcards], list[str]]:
        """An input function: of the control that moves weights at random the deltas whose distance it takes, one per model of the batch."""
        names = self.in_batch(shape)

        def files(wildcards: Wildcards) -> list[str]:
            task, method = wildcards.task, wildcards.method
            if ROLES.role(method) != RANDOM:
                return []
            of = self.measured_of(task, method)
            epochs = self.method(task, of).epochs
            models = [ModelId(task, ModelId.parse(name).index, of, epochs).name for name in names(wildcards)]
            return [f"<results>/models/{name}/delta.safetensors" for name in models]

        return files

    def shards(self, wildcards: Wildcards) -> dict[str, list[str]]:
        """The off images of a task, then the on images of every model."""
        names = [
            model.name for method in self.settings.methods_of(wildcards.task) for model in self.pictured(wildcards.task, method)
        ]
        shards = [f"<results>/datasets/generated_{name}" for name in (f"{wildcards.task}_baseline", *names)]
        return {"tars": [f"{shard}.tar" for shard in shards], "indices": [f"{shard}.parquet" for shard in shards]}


def interference_file(model: ModelId) -> str:
    """The published name of one emitter's interference file; its numbers have no leading zeros."""
    return f"<results>/datasets/interferences_caused_by_{model.task}_{model.index}_{model.method}_{model.epochs}.json"
