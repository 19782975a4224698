"""Which files of a corpus a world reads, known before any job runs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path

from lethe.archive.corpus.layout import FOLDER, Layout, picture
from lethe.archive.corpus.tree import FolderTree, Tree, listing_file, read_listing
from lethe.core.records import ModelId
from lethe.diffusion.testbed.schema import MetadataError
from lethe.io.tables import CorruptFileError
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists

FETCHED = "<results>/archive/corpus"


class Corpus:
    """The corpus that `archive` names, as far as this world reads it.

    Args:
        settings: of the world.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.archive = settings.archive
        self.layout = Layout(self.archive.suffix)
        self.names = lru_cache(maxsize=None)(self._names)
        self.holds = lru_cache(maxsize=None)(self._holds)
        self.off_folder = lru_cache(maxsize=None)(self._off_folder)
        self.emitters = lru_cache(maxsize=None)(self._emitters)

    @cached_property
    def root(self) -> str:
        """Where its files are: a folder of the user's, or where rules fetch them to."""
        return {"huggingface": FETCHED, "zenodo": f"<results>/archive/{self.archive.record}", "folder": self.archive.record}[
            self.archive.host
        ]

    @cached_property
    def tree(self) -> Tree:
        """Its files.

        Raises:
            SettingsError: there is no such folder, or no listing of the repository yet; says the command that makes it.
        """
        record = self.archive.record
        if self.archive.host == "folder":
            check_exists("archive.record", record)
            return FolderTree(record)
        if self.archive.host == "zenodo":
            folder = Path("results", self.settings.world, "archive", record)
            if not folder.is_dir():
                raise SettingsError(f"archive.record: {folder} is not here; fetch it first: snakemake -c1 {folder}")
            return FolderTree(folder)
        listing = listing_file(record, self.archive.revision)
        if not listing.is_file():
            raise SettingsError(
                f"archive.record: the files of {record} at {self.archive.revision} are not known yet; ask the hub once: "
                f"lethe census {record} --revision {self.archive.revision}"
            )
        return read_listing(listing)

    def check(self) -> None:
        """Refuse a world whose tasks the corpus does not have, where it reads one.

        Raises:
            SettingsError: see ``tree`` and ``names``.
        """
        if self.archive.imported("metadata", "tables", "images"):
            for task in self.settings.entity_tasks:
                self.names(task)

    def check_models(self, task: str, models: Iterable[ModelId]) -> None:
        """Refuse a task of which the corpus has no model.

        Raises:
            SettingsError: names what is looked for.
        """
        if not list(models):
            what = (
                "files of pairs"
                if self.archive.imported("tables")
                else f"folders with all {len(self._pictures(task, 'on'))} pictures"
            )
            raise SettingsError(
                f"tasks.{task}: {self.tree.name} has no {what} of its methods ({', '.join(self.settings.methods_of(task))}) with the epochs "
                f"of `hyperparameters: {self.settings.hyperparameters}`; `lethe census {self.archive.record}` says what it has"
            )

    def _names(self, task: str) -> list[str]:
        """Raw names of the entities of a task.

        Raises:
            SettingsError: the corpus has no such task, metadata that cannot be read, or another number of entities.
        """
        if task not in (tasks := self.tree.tasks):
            has = ", ".join(tasks) or "none"
            raise SettingsError(f"tasks.{task}: {self.tree.name} has no {self.layout.metadata(task)}; tasks with one: {has}")
        try:
            names = self.tree.entities(task)
        except (CorruptFileError, MetadataError) as error:
            raise SettingsError(str(error)) from None
        if len(names) != self.settings.tasks[task].emitters_count:
            raise SettingsError(
                f"tasks.{task}.entities: {self.settings.tasks[task].emitters_count}, but {self.tree.name} has {len(names)}"
            )
        return names

    # --- what is there ---

    def _emitters(self, task: str, method: str, epochs: int) -> list[int]:
        """Indices of the entities with a model: with a file of pairs where tables come from the corpus, else with all images."""
        kind = "pairs" if self.archive.imported("tables") else "images"
        return [index for index in range(len(self.names(task))) if self.holds(kind, ModelId(task, index, method, epochs))]

    def _holds(self, kind: str, model: ModelId) -> bool:
        """Whether there are ``pairs``, ``embeddings`` or ``images`` (every receiver and seed) of a model; of the latter two of the base, too."""
        if kind == "images":
            there = self.tree.files(self.images(model))
            return bool(self.off_folder(model.task)) and all(name in there for _, _, name in self._pictures(model.task, "on"))
        if kind == "embeddings":
            return self.base_embedded(model.task) and self.tree.has(self.embeddings(model))
        return self.tree.has(self.pairs(model))

    def _pictures(self, task: str, state: str) -> list[tuple[int, int, str]]:
        style, seeds = self.settings.tasks[task].prompt_style, self.settings.generation_of(task).seeds
        return [(place, seed, picture(state, seed, style, name)) for place, name in enumerate(self.names(task)) for seed in seeds]

    def base_embedded(self, task: str) -> bool:
        """Whether there are embeddings of the base's images."""
        return self.tree.has(self.layout.embeddings_of_base(task))

    def _off_folder(self, task: str) -> str:
        """The folder that holds a picture of the base for every receiver and seed; empty where none does.

        The task's own, else the first of a model that is of the first generation.
        """
        wanted = [name for _, _, name in self._pictures(task, "off")]
        others = [name for name in self.tree.folders(FOLDER) if name.startswith(f"generated_{task}_")]
        folders = [self.layout.images_of_base(task), *(f"{FOLDER}/{name}" for name in others)]
        return next((folder for folder in folders if all(name in self.tree.files(folder) for name in wanted)), "")

    def has_own_off(self, model: ModelId) -> bool:
        """Whether the folder of a model's images holds those of the base, too: it is of the first generation."""
        there = self.tree.files(self.images(model))
        return all(name in there for _, _, name in self._pictures(model.task, "off"))

    # --- paths in the corpus ---

    def pairs(self, model: ModelId) -> str:
        """The file of pairs of a model."""
        return self.layout.pairs(model)

    def embeddings(self, model: ModelId) -> str:
        """The file of its embeddings."""
        return self.layout.embeddings(self._style(model.task), self.names(model.task)[model.index], model)

    def images(self, model: ModelId) -> str:
        """The folder of its images."""
        return self.layout.images(model.task, self._style(model.task), self.names(model.task)[model.index], model)

    def _style(self, task: str) -> str:
        return self.settings.tasks[task].prompt_style
