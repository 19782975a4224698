"""The answer of a world: a page, and its sentences as a text."""

from __future__ import annotations

import base64
from pathlib import Path

from lethe.answer.contents import Part, by_measure, checks, findings, method_rows
from lethe.answer.page import Contents, Picture, page, text
from lethe.io.atomic import write_text

CAPTION = (
    "Rows are methods, columns are what is asked for; the framed column is forgotten and should change. "
    "The others should look as in the top row, which is the model before."
)


def tell(
    tables: list[Path],
    figures: list[Path],
    code: list[Path],
    answer: Path,
    sentences: Path,
    world: str,
    tasks: list[str],
    pictured: list[str],
    studies: list[str],
    canvases: dict[str, str],
    links: dict[str, str],
) -> None:
    """Write the page and its sentences.

    Args:
        tables: what sentences are read from; found by their names, here so that a change of them is seen.
        figures: a grid of pictures per task, in the order of ``pictured``.
        code: template, style and script of the page.
        world: its name. tasks: of entities. pictured: those with a grid of pictures. studies: of classifiers. canvases: task of cells -> its table.
        links: label -> address of what lies beside the page.
    """
    folder, part = answer.parent, Part(tasks, studies, canvases)
    found, judged = findings(folder, part), checks(folder, part)
    pictures = [
        Picture(f"{task}: one is forgotten, others are asked for", _address(file), CAPTION)
        for task, file in zip(pictured, figures, strict=True)
    ]
    contents = Contents(
        world,
        found,
        judged,
        {task: method_rows(folder, task) for task in tasks},
        {task: by_measure(folder, task) for task in tasks},
        pictures,
        list(links.items()),
    )
    write_text(answer, page(contents))
    write_text(sentences, text(found, judged) + "\n")


def _address(file: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"
