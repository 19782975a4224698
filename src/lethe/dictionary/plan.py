"""The dictionary of a world's tables: its files, and what must be there first."""

from __future__ import annotations

from pathlib import PurePath

from lethe.settings.models import Settings

FILES = ["tables/README.md", "tables/datapackage.json"]


class Dictionary:
    """What describes the tables of a world.

    Args:
        settings: of the world.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = PurePath("results") / settings.world
        self.files = [f"<results>/{name}" for name in FILES]

    def waits_for(self, product: str) -> bool:
        """Whether a product is a table or a gate: in the folder of tables, or a parquet beside it.

        Args:
            product: as Snakemake knows it, ``results/mini/tables/harm_objects.csv``.
        """
        file = PurePath(product)
        if not file.is_relative_to(self._folder) or str(file.relative_to(self._folder)) in FILES:
            return False
        return file.parent == self._folder / "tables" or (file.parent == self._folder and file.suffix == ".parquet")
