"""The page itself, without the data of its tasks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from lethe.io.atomic import write_text

STATIC = ("index.html", "style.css", "store.js", "matrix.js", "views.js", "app.js")
PARTS = (*STATIC, "world.js")  # of the page as it is written


def write_page(folder: str | Path, world: str, tasks: Sequence[str]) -> None:
    """Write the page itself; it finds the data of a task in the folder ``{task}`` beside it, or says that there is none.

    Args:
        folder: where to.
        world: name of the world, for the title.
        tasks: tasks in the order of the page; the first that has data is shown.
    """
    for name in STATIC:
        write_text(Path(folder, name), files("lethe.benchmarks.icare.explorer").joinpath("static", name).read_text("utf-8"))
    write_text(Path(folder, "world.js"), f"lethe.world({json.dumps({'name': world, 'tasks': list(tasks)})});\n")
