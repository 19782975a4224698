"""A look into a folder of one's own pictures when a run is planned: what its jobs would find wrong is said before the first of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources.folder import ImageFolder
from lethe.io.tables import CorruptFileError
from lethe.settings.contradictions import unknown_columns
from lethe.settings.errors import SettingsError
from lethe.settings.tasks import CellTask, Task

SOURCE = "folder"
Records = list[dict[str, Any]]


def records_of(path: str) -> Records:
    """The records of a folder, as its source reads them; its pictures are counted and not opened.

    Raises:
        SettingsError: what is wrong with the folder.
    """
    try:
        return ImageFolder(Path(path)).entities()
    except (FileNotFoundError, CorruptFileError, UnknownNameError) as error:
        raise SettingsError(str(error)) from None


def check_own_folder(name: str, task: Task | CellTask, read: Callable[[str], Records] = records_of) -> None:
    """Raise a ``SettingsError`` unless the folder of a task has entities with pictures, and the columns that the task names.

    Args:
        name: of the task.
        read: gives the records of a folder.
    """
    if task.source != SOURCE:
        return
    path, where = task.source_options.inputs()[0], f"tasks.{name}"
    records = read(path)
    columns = list(dict.fromkeys(["name", "dataset_n_original", *(key for record in records for key in record)]))
    if faults := list(unknown_columns(where, task, columns)):
        raise SettingsError("\n".join(faults))
    if task.kind == "entities" and len(records) < task.entities:
        raise SettingsError(f"{where}.entities: {task.entities}, but the source has {len(records)}")
