"""Paths that a configuration names: whether they exist, and what lies beside one that does not. Asked when a run is planned."""

from __future__ import annotations

from pathlib import Path

from lethe.core.registry import nearest
from lethe.settings.errors import SettingsError
from lethe.settings.tasks import CellTask, Task


def check_exists(key: str, path: str) -> None:
    """Raise a ``SettingsError`` naming the key, the path and the nearest name beside it unless the path exists."""
    if Path(path).exists():
        return
    folder = next(parent for parent in Path(path).absolute().parents if parent.is_dir())
    lost = Path(path).absolute().relative_to(folder).parts[0]
    beside = sorted(entry.name for entry in folder.iterdir())
    raise SettingsError(f"{key}: '{path}' does not exist; there is no '{lost}' in {folder}{nearest(lost, beside)}")


def check_source(name: str, task: Task | CellTask, made: list[str]) -> None:
    """Raise a ``SettingsError`` unless what the source of a task reads is there.

    Args:
        name: of the task.
        made: files and folders that rules make; they need not exist yet.
    """
    where, read = f"tasks.{name}", task.source_options.inputs()  # other options are words
    for key, value in task.source_options.model_dump().items():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, str) and path in read and path not in made:
                check_exists(f"{where}.source_options.{key}", path)
