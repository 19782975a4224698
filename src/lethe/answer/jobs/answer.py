"""The answer of a world: a page, and its sentences as a text."""

from __future__ import annotations

from pathlib import Path

from lethe.answer.contents import Part, TaskTables, by_measure, checks, findings, method_rows
from lethe.answer.page import Contents, page, text, way_back
from lethe.answer.worst import Case
from lethe.io.atomic import write_text
from lethe.io.tables import read_json


def tell(
    tables: list[Path],
    gates: list[Path],
    pictures: list[Path],
    pages: list[Path],
    code: list[Path],
    answer: Path,
    sentences: Path,
    way: Path,
    world: str,
    extent: str,
    tasks: list[str],
    studies: list[str],
    canvases: dict[str, str],
    judging: dict[str, str],
    links: dict[str, dict[str, str]],
) -> None:
    """Write the page and its sentences.

    Args:
        tables: what sentences are read from; found by their names, here so that a change of them is seen.
        gates: files of them; found by their names, as in ``judging``. pictures: a bad case per task (``lethe.answer.worst``).
        code: template, style and script of the page.
        world: its name. extent: ``demo`` or ``all``. tasks: of entities. studies: of classifiers. canvases: task of cells -> its table.
        judging: file of gates, relative to the world -> the task or study that it judges.
        way: the script that leads from pages of tables to the page.
        pages: tables as pages, which ``links`` names: task or study -> address -> title.
    """
    folder, part = answer.parent, Part(tasks, studies, canvases, judging)
    finished = {task: TaskTables.read(folder, task) for task in tasks}
    found, judged = findings(folder, part, finished), checks(folder, part)
    cases = [Case.of_record(record) for record in map(read_json, pictures) if record is not None]
    contents = Contents(
        world,
        extent,
        found,
        judged,
        {task: method_rows(task, own) for task, own in finished.items()},
        {task: by_measure(own) for task, own in finished.items()},
        cases,
        links,
    )
    write_text(answer, page(contents))
    write_text(way, way_back(extent, f"../{answer.name}"))
    write_text(sentences, text(found, judged) + "\n")
