"""The explorer of a world: its page and the folders of its tasks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lethe.benchmarks.icare.explorer.page import PARTS, STATIC
from lethe.settings.models import Settings


class Explorer:
    """What the explorer is made from and of."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings
        self.static = [str(root / "src/lethe/benchmarks/icare/explorer/static" / part) for part in STATIC]
        self.page = [f"<results>/explorer/{part}" for part in PARTS]

    def of_tasks(self, tasks: Iterable[str]) -> list[str]:
        """The page and the data of some tasks."""
        return [f"<results>/explorer/{name}" for name in ("index.html", *tasks)]
