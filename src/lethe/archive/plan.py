"""Published records: which files go into which bundle, and what a record must have been made with."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from lethe.benchmarks.deepunlearn.plan.tables import DeepUnlearn
from lethe.benchmarks.icare.plan.tables import Tables
from lethe.classifiers.plan.studies import Studies
from lethe.core.registry import nearest
from lethe.diffusion.plan.models import Models
from lethe.planning.wildcards import Wildcards
from lethe.settings.archive import Kind
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.settings.tasks import CellTask, Task

OF_IMAGES = {
    "base",
    "entities",
    "balance",
    "priority",
    "rules",
    "selection",
    "prompt_style",
    "overwrite_prompt",
    "images_per_entity",
}
OF_CELLS = {"kind", "base", "prompt_style", "attributes", "emitters", "images_per_entity"}
SHARD = ("datasets/generated_{run}.tar", "datasets/generated_{run}.parquet")
VIEWED = (".csv", ".parquet")
MODEL = ("models/{run}/delta.safetensors", "models/{run}/record.json")


class Made(NamedTuple):
    """What one job takes out of a record, for a batch of models.

    Attributes:
        name: of the artefacts.
        kind: their class.
        bundle: they are in, with wildcards.
        files: of one model, as for ``Shape.each``.
        plain: whether numbers in their names have no leading zeros.
        tasks: that have such artefacts; None: all.
    """

    name: str
    kind: Kind
    bundle: str
    files: tuple[str, ...]
    plain: bool = False
    tasks: tuple[str, ...] | None = None


class Content(NamedTuple):
    """What a bundle holds: the class of its artefacts, and its files."""

    kind: Kind
    files: list[str]


class Archive:
    """What is published of a world. Bundles are few and large: a record takes about a hundred files."""

    def __init__(self, settings: Settings, models: Models, tables: Tables, studies: Studies, deepunlearn: DeepUnlearn) -> None:
        self.settings = settings
        self.models = models
        self.tables = tables
        self.studies = studies
        self.deepunlearn = deepunlearn

    @cached_property
    def bundles(self) -> dict[str, Content]:
        """Name -> content of every bundle of the classes that are published."""
        entities = list(self.settings.entity_tasks)
        stems = ["metadata_{task}_1_enriched_but_not_filtered", "metadata_{task}_2_enriched_filtered"]
        metadata = [
            f"<results>/{stem}.json"
            for task in entities
            for stem in [
                *(stem.format(task=task) for stem in stems),
                *(f"similarity_{name}_{task}" for name in self.tables.similarity_names(task)),
            ]
        ]
        bundles = {"metadata": Content("metadata", metadata)}
        for task in self.settings.tasks:
            bundles[f"images_{task}_baseline"] = Content("images", _files([f"{task}_baseline"], SHARD))
            for method in self.models.methods_of(task):
                names = self.models.names(task, [method])
                if self.models.externals.has_model(method):
                    bundles[f"models_{task}_{method}"] = Content("models", _files(names, MODEL))
                bundles[f"images_{task}_{method}"] = Content("images", _files(names, SHARD))
        classifiers = [file for file in self.deepunlearn.products(self.studies.pairs) if "/tables/" in file]
        bundles["tables"] = Content("tables", self.tables.of_tasks(entities) + classifiers)
        return {name: content for name, content in bundles.items() if content.kind in self.settings.publish.classes}

    def packed(self, ending: str) -> list[str]:
        """The file of every bundle with this ending: ``tar``, or ``json`` for its entry of the manifest."""
        return [f"<results>/publish/bundles/{name}.{ending}" for name in self.bundles]

    @property
    def viewed(self) -> list[str]:
        """The published tables that the Hub's viewer can show."""
        tables = self.bundles["tables"].files if "tables" in self.bundles else []
        return [file for file in tables if file.endswith(VIEWED)]

    @property
    def address(self) -> str:
        """Where the data set is published; empty where none is configured."""
        publish = self.settings.publish
        return f"{publish.endpoint}/datasets/{publish.huggingface}" if publish.huggingface else ""

    def kind(self, wildcards: Wildcards) -> Kind:
        """The class of the artefacts in the wildcard's bundle."""
        return self._content(wildcards.bundle).kind

    def files(self, wildcards: Wildcards) -> list[str]:
        """What goes into the wildcard's bundle."""
        return self._content(wildcards.bundle).files

    @cached_property
    def image_settings(self) -> dict[str, Any]:
        """The settings that decide what is on the images, as plain data: a record that was made with other ones is refused."""
        settings = self.settings
        return {
            "world": settings.world,
            "fidelity": settings.fidelity,
            "seed": settings.seed,
            "generation": settings.generation.model_dump(mode="json", exclude={"batch_size"}),
            "tasks": {name: _decisive(task) for name, task in settings.tasks.items()},
        }

    @property
    def made(self) -> list[Made]:
        """What a record may hold of models instead of what rules make."""
        if self.settings.archive.layout != "lethe":
            return []
        interference = "datasets/interferences_caused_by_{task}_{index}_{method}_{epochs}.json"
        return [
            Made("images", "images", "images_{task}_{method}", tuple(file.replace("{run}", "{model}") for file in SHARD)),
            Made("models", "models", "models_{task}_{method}", tuple(file.replace("{run}", "{model}") for file in MODEL)),
            Made("interference", "tables", "tables", (interference,), plain=True, tasks=tuple(self.settings.entity_tasks)),
        ]

    @property
    def place(self) -> dict[str, Any]:
        """Where the record that is read is, as plain data."""
        return self.settings.archive.model_dump(include={"host", "record", "revision", "api", "endpoint"})

    @property
    def deposit(self) -> dict[str, Any]:
        """What the configuration says about the record to publish, as plain data."""
        return self.settings.publish.model_dump(mode="json", include={"title", "license", "communities", "related"})

    def check_repository(self) -> None:
        """Raise a ``SettingsError`` unless a data set repository of the Hugging Face Hub is configured."""
        if not self.settings.publish.huggingface:
            raise SettingsError("publish.huggingface names no data set (owner/name), see docs/zenodo.md")

    def _content(self, bundle: str) -> Content:
        if bundle not in self.bundles:
            names = list(self.bundles)
            raise SettingsError(f"there is no bundle '{bundle}'; there are: {', '.join(names)}{nearest(bundle, names)}")
        return self.bundles[bundle]


def _decisive(task: Task | CellTask) -> dict[str, Any]:
    """What of a task decides what is on its images, as plain data."""
    found = task.model_dump(mode="json", include=OF_IMAGES if task.kind == "entities" else OF_CELLS)
    return found | (
        {} if task.generation is None else {"generation": task.generation.model_dump(mode="json", exclude={"batch_size"})}
    )


def _files(runs: list[str], patterns: tuple[str, ...]) -> list[str]:
    return [f"<results>/{pattern.format(run=run)}" for run in runs for pattern in patterns]
