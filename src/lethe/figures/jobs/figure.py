"""Any figure of any template."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.figures.footnote import footnote
from lethe.figures.style import context, save
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.base import P, Pictures, Template
from lethe.figures.templates.parameters import validate
from lethe.figures.templates.result import Result
from lethe.io.atomic import write_text
from lethe.io.tables import write_json
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REMARKS = "remarks"  # of the notes of a result
ORDER = (".json", ".csv", ".pdf", ".png")  # numbers first, so that they are there to look at where a drawing fails


def make_figure(
    inputs: dict[str, list[Path]],
    outputs: list[Path],
    figure: str,
    values: dict[str, Any],
    facts: dict[str, Any],
    inference: Inference,
) -> None:
    """Compute a result and draw it.

    Args:
        inputs: kind of file -> files, of ``Template.files``.
        outputs: the ending says what is written: ``.png`` and ``.pdf`` the figure, ``.csv`` the rows that it draws, ``.json`` every
            parameter, what was found and the rows.
        figure: name of the template.
        values: all its parameters.
        facts: of ``Template.facts``.
    """
    template = TEMPLATES.load(figure)
    parameters = validate(template.parameters, values)
    result = template.compute(parameters, template.load(parameters, inputs, facts), inference)
    if remarks := template.remarks(parameters, result, facts):
        result = replace(result, notes={**result.notes, REMARKS: remarks})
    write(template, parameters, result, template.pictures(result, inputs, facts), inference, outputs)


def write(
    template: Template[P, Any], parameters: P, result: Result, pictures: Pictures, inference: Inference, outputs: list[Path]
) -> None:
    """Draw a result and write it in the forms that ``outputs`` end in, numbers first."""
    if unknown := sorted({path.suffix for path in outputs} - set(ORDER)):
        raise ValueError(f"a figure is not written as '{unknown[0]}'; allowed: {', '.join(ORDER)}")
    drawn = None
    for path in sorted(outputs, key=lambda path: ORDER.index(path.suffix)):
        if path.suffix == ".json":
            told = {"template": template.name, "title": template.title, **parameters.model_dump(), "inference": vars(inference)}
            write_json(path, result.record(told), indent=1)
        elif path.suffix == ".csv":
            write_text(path, result.csv())
        else:
            drawn = drawn or _drawn(template, parameters, result, pictures)
            save(drawn, path)


def _drawn(template: Template[P, Any], parameters: P, result: Result, pictures: Pictures) -> Figure:
    figure = template.draw(result, parameters, pictures)
    with context():
        footnote(figure, result.notes.get(REMARKS, ()), most=1)
    return figure
