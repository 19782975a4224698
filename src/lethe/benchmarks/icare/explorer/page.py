"""The page itself, without the data of its tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from lethe.io.atomic import write_text

STATIC = ("index.html", "style.css", "store.js", "matrix.js", "overview.js", "views.js", "app.js")
PARTS = (*STATIC, "world.js")  # of the page as it is written


def write_page(folder: str | Path, world: str, tasks: Sequence[str], parts: Sequence[Mapping[str, str]] = ()) -> None:
    """Write the page itself; it offers the tasks and parts whose folders lie beside it.

    Args:
        folder: where to.
        world: name of the world, for the title.
        tasks: tasks in the order of the page; the first that has data is shown.
        parts: of other benchmarks: ``name`` of the folder, ``label``, ``benchmark``.
    """
    for name in STATIC:
        write_text(Path(folder, name), files("lethe.benchmarks.icare.explorer").joinpath("static", name).read_text("utf-8"))
    about = json.dumps({"name": world, "tasks": list(tasks), "parts": list(parts)})
    write_text(Path(folder, "world.js"), f"lethe.world({about});\n")
