"""From sources to testbeds: downloads, source shards, entities, forget and retain lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from lethe.core.records import ModelId
from lethe.diffusion.plan.own_folder import check_own_folder, records_of
from lethe.io.remote import RemoteFile
from lethe.planning.batches import batches
from lethe.planning.inputs import check_put
from lethe.planning.wildcards import Wildcards
from lethe.settings.downloads import Download
from lethe.settings.models import Settings
from lethe.settings.paths import check_source
from lethe.settings.receivers import ALL, Drawn, Nearest, told
from lethe.settings.sources import Numbered

ARCHIVES = ("tar.gz", "zip")  # kinds of downloads that are unpacked


class Data:
    """What the tasks of a world are made from.

    Args:
        settings: of the world.
        downloads: file -> entry of config/downloads.yaml.
        root: folder of the checkout, for config/reference.
    """

    def __init__(self, settings: Settings, downloads: dict[str, Download], root: Path) -> None:
        self.settings = settings
        self.downloads = downloads
        self.by_hand = {name for name, entry in downloads.items() if not entry.urls or Path("data", name).exists()}
        self.own_records = lru_cache(maxsize=None)(records_of)
        self.archives = [name for name, entry in downloads.items() if entry.kind in ARCHIVES]
        self._root = root

    def task(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of the wildcard's task, as plain data."""
        return self.settings.tasks[wildcards.task].model_dump()

    def tuning_emitters(self, wildcards: Wildcards) -> list[int]:
        """The emitters of the wildcard's task on which hyper-parameters were tuned."""
        return list(self.settings.tasks[wildcards.task].tuning_emitters)

    def _asked_of(self, task: str) -> Literal["all"] | Nearest | Drawn:
        of = self.settings.entity_tasks.get(task)
        return ALL if of is None else of.receivers

    def receivers(self, wildcards: Wildcards) -> dict[str, Any]:
        """Which receivers the models of the wildcard's task, one of ``asking_some``, are asked for, as plain data."""
        asked = self._asked_of(wildcards.task)
        return {} if isinstance(asked, str) else asked.model_dump()

    def told_receivers(self, wildcards: Wildcards) -> str:
        """Which receivers the models of the wildcard's task are asked for, in words, for tables."""
        return told(self._asked_of(wildcards.task))

    def asked(self, wildcards: Wildcards) -> list[str]:
        """The list of the receivers of every emitter of the wildcard's task; no file where all are asked for."""
        return self._list_of(wildcards.task)

    def asked_of_run(self, wildcards: Wildcards) -> list[str]:
        """The same of the task of the wildcard's run, ``people_000_uce_000`` or ``people_baseline``."""
        return self._list_of(task_of(wildcards.run))

    def entities_of_run(self, wildcards: Wildcards) -> int:
        """How many entities that task has; 0 where a file decides."""
        return self.settings.receivers_of(task_of(wildcards.run)) or 0

    def _list_of(self, task: str) -> list[str]:
        return [] if self._asked_of(task) == ALL else [f"<results>/asked_{task}.parquet"]

    def chosen_by(self, wildcards: Wildcards) -> str:
        """The similarity by which the receivers of the wildcard's task, one of ``asking_some``, are chosen."""
        asked = self._asked_of(wildcards.task)
        return "" if isinstance(asked, str) else f"<results>/similarity_{asked.by}_{wildcards.task}.json"

    @property
    def asking_some(self) -> list[str]:
        """Tasks whose models are asked for some receivers."""
        return [name for name in self.settings.entity_tasks if name not in self.settings.full_tasks]

    # --- downloads ---

    def in_data(self, wildcards: Wildcards) -> Path | list[str]:
        """The file that was put into data/ by hand, if it is there."""
        place = Path("data", wildcards.file)
        return place if place.exists() else []

    def put(self, dry_run: Callable[[], bool]) -> Callable[[Wildcards], Path | list[str]]:
        """An input function: the same; a file that is neither there nor taken already is a warning of a plan and an error of a run.

        Raises:
            SettingsError: it is missing, and this is no plan.
        """

        def given(wildcards: Wildcards) -> Path | list[str]:
            if not Path("resources/downloads", wildcards.file).exists():
                check_put(Path("data", wildcards.file), self.how_to_get(wildcards), dry_run)
            return self.in_data(wildcards)

        return given

    def download(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the wildcard's file must be and where it is from, as plain data."""
        return self.downloads[wildcards.file].model_dump(include=set(RemoteFile.model_fields))

    def how_to_get(self, wildcards: Wildcards) -> str:
        """What somebody must do who does not have the wildcard's file."""
        entry = self.downloads[wildcards.file]
        return f"{entry.by_hand or f'fetch {entry.urls[0]}'} ({entry.source})"

    # --- sources ---

    def sources(self, tasks: list[str], split: str = "") -> list[str]:
        """Shards, indices and records of the sources of some tasks; of a source that has the split, its images of that split."""
        stems = [f"{task}_{split}" if split in self.splits_of(task) else task for task in tasks]
        shards = [f"<results>/sources/{stem}.{suffix}" for stem in stems for suffix in ("tar", "parquet")]
        return [*shards, *(f"<results>/sources/{task}.json" for task in tasks)]

    def splits_of(self, task: str) -> tuple[str, ...]:
        """Sets of images that the source of a task keeps apart from those of training."""
        return self.settings.tasks[task].source_options.splits()

    @property
    def split_tasks(self) -> list[str]:
        """Tasks whose source keeps sets of images apart."""
        return [task for task in self.settings.tasks if self.splits_of(task)]

    @property
    def splits(self) -> list[str]:
        """Every set of images that a source keeps apart."""
        return list(dict.fromkeys(split for task in self.split_tasks for split in self.splits_of(task)))

    @property
    def known_cells(self) -> list[str]:
        """Tasks whose cells are known before a file is read."""
        found = {name: task.source_options for name, task in self.settings.cell_tasks.items()}
        return [name for name, options in found.items() if isinstance(options, Numbered) and options.cells()]

    def source_inputs(self, wildcards: Wildcards) -> list[str]:
        """Files and folders that the source of a task reads.

        Raises:
            SettingsError: what is not there and no rule makes, named by its key.
        """
        task = self.settings.tasks[wildcards.task]
        made = [f"resources/{folder}/{name}" for name in self.downloads for folder in ("downloads", "unpacked")]
        check_source(wildcards.task, task, made)
        check_own_folder(wildcards.task, task, self.own_records)
        return task.source_options.inputs()

    def prompt_styles(self, tasks: list[str]) -> dict[str, str]:
        """Task -> how its prompts are made."""
        return {task: self.settings.tasks[task].prompt_style for task in tasks}

    # --- entities ---

    def published_names(self, wildcards: Wildcards) -> str:
        """The list of the published entities of a task, in index order."""
        return str(self._root / f"config/reference/entities_{wildcards.task}.csv")

    def published_list(self, wildcards: Wildcards) -> str | list[str]:
        """The same, if these are the entities that are used."""
        task = self.settings.tasks[wildcards.task]
        return self.published_names(wildcards) if task.kind == "entities" and task.selection == "published" else []

    def training(self, wildcards: Wildcards) -> str:
        """The list of all training images of the wildcard's task."""
        return f"<results>/datasets/training_{wildcards.task}.jsonl"

    def split_lists(self, tasks: Iterable[str], first: bool = True) -> list[str]:
        """The forget and the retain list of every emitter of some tasks.

        Args:
            first: whether those of the first emitter of a batch are meant too; where they are made, so are the others of the batch.
        """
        folders = [
            f"<results>/datasets/splits_{task}/{name}{unit}"
            for task in tasks
            for name, units in batches(self.settings.tasks[task].unlearned)
            for unit in units[0 if first else 1 :]
        ]
        return [f"{folder}/train_{name}/metadata.jsonl" for folder in folders for name in ("forget", "retain")]

    def first_split(self, wildcards: Wildcards) -> dict[str, str]:
        """The forget and the retain list of the first entity of the wildcard's task that is unlearned."""
        folder = f"<results>/datasets/splits_{wildcards.task}/{self.settings.tasks[wildcards.task].unlearned[0]:03d}"
        return {name: f"{folder}/train_{name}/metadata.jsonl" for name in ("forget", "retain")}


def task_of(run: str) -> str:
    """The task of a run, ``people_000_uce_000`` or ``people_baseline``."""
    return run.removesuffix("_baseline") if run.endswith("_baseline") else ModelId.parse(run).task
