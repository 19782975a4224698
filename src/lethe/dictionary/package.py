"""Tables of a folder as a Data Package (Frictionless Data, https://specs.frictionlessdata.io/data-package, version 1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lethe.core.columns import Column
from lethe.dictionary.schema import Described

MEDIA = {".csv": "text/csv", ".json": "application/json", ".parquet": "application/vnd.apache.parquet"}


def package(world: str, tables: Sequence[Described], folder: str = "") -> dict[str, Any]:
    """The descriptor.

    Args:
        world: its name. tables: of the package; summaries, which are no tables, are resources without a schema.
        folder: that the descriptor lies in, below the folder of the world, with its last slash.
    """
    return {
        "profile": "data-package",
        "name": _name(f"lethe-{world}-{folder}"),
        "title": f"Tables of the world {world}",
        "description": "What vision models lose besides what they were told to forget. README.md says what is in each table.",
        "resources": [_resource(table, table.file.removeprefix(folder)) for table in tables],
    }


def _resource(table: Described, path: str) -> dict[str, Any]:
    ending = path[path.rindex(".") :]
    of_rows = {
        "title": f"One row is {table.table.row}" if table.columns else table.table.row,
        "format": ending[1:],
        "mediatype": MEDIA[ending],
    }
    resource = {
        "name": _name(path),
        "path": path,
        "profile": "tabular-data-resource" if table.columns else "data-resource",
    } | of_rows
    if ending != ".parquet":
        resource["encoding"] = "utf-8"
    if table.columns:
        resource["schema"] = {"fields": [_field(column) for column in table.columns], "missingValues": [""]}
    return resource


def _field(column: Column) -> dict[str, Any]:
    found = {"name": column.name, "type": column.type, "description": column.meaning}
    return found | {key: value for key, value in (("unit", column.unit), ("better", column.better)) if value}


def _name(text: str) -> str:
    """As the specification allows names: lower case, digits, ``.``, ``_`` and ``-``."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-")
