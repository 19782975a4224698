"""The dictionary of a world's tables, beside them."""

from __future__ import annotations

from pathlib import Path

from lethe.dictionary.package import package
from lethe.dictionary.readme import readme
from lethe.dictionary.schema import described, tables_in
from lethe.io.atomic import write_text
from lethe.io.tables import write_json


def describe(
    tables: list[Path], readme_file: Path, package_file: Path, world: str, methods: list[str], unlearners: list[str]
) -> None:
    """Write what every table of a world says, for readers and for machines.

    Args:
        tables: that must be there first; what is described is whatever lies in the folder then.
        readme_file, package_file: in the folder ``tables`` of the world.
        methods, unlearners: code names of its methods for diffusion models and for classifiers.

    Raises:
        UndescribedError: a table or a column that no module describes.
    """
    folder = readme_file.parent.parent
    found = [described(folder, file) for file in tables_in(folder)]
    place = f"{readme_file.parent.name}/"
    write_text(readme_file, readme(world, found, methods, unlearners))
    write_json(package_file, package(world, [one for one in found if one.file.startswith(place)], place))
