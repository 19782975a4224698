"""One result from finished files to its three files: picture, print, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lethe.statistics.resampling import Inference
from lethe.benchmarks.icare.templates import TEMPLATES
from lethe.benchmarks.icare.templates.base import Template
from lethe.benchmarks.icare.templates.files import Files, load_data
from lethe.benchmarks.icare.templates.parameters import Parameters, validate
from lethe.benchmarks.icare.templates.pictures import OFF
from lethe.benchmarks.icare.templates.result import Result
from lethe.io.shards import ShardReader
from lethe.io.tables import write_json
from lethe.figures.style import save
from lethe.benchmarks.icare.figures.templates import PLOTS, Pictures
from lethe.core.records import ModelId


def make(
    template: str,
    parameters: Mapping[str, Any],
    files: Files,
    models: Sequence[ModelId],
    balance: Mapping[str, Sequence[str]],
    inference: Inference,
) -> tuple[Template, Parameters, Result, Pictures]:
    """Compute a result from the files of ``files_of``, which are of ``models``, and read the pictures it shows."""
    found = TEMPLATES.load(template)
    given = validate(found.parameters, dict(parameters))
    result = found.compute(given, load_data(given, files, models, balance), inference)
    return found, given, result, read_pictures(result, files, models) if found.images else {}


def read_pictures(result: Result, files: Files, models: Sequence[ModelId]) -> Pictures:
    """(row, member) -> picture, from the shards of the base and of each method."""
    names = [OFF, *(model.method for model in models)]
    with ExitStack() as stack:
        shards = zip(names, files["tars"], files["indices"], strict=True)
        readers = {name: stack.enter_context(ShardReader(tar, index)).read for name, tar, index in shards}
        return {(row["row"], row["member"]): readers[row["row"]](row["member"]) for row in result.rows}


def write(
    template: Template, parameters: Parameters, result: Result, pictures: Pictures, inference: Inference,
    png: Path, pdf: Path, json: Path,
) -> None:  # fmt: skip
    """Draw a result and write it; the JSON holds every parameter, what was found and the rows that are drawn."""
    metadata = {"template": template.name, "title": template.title, **parameters.model_dump(), "inference": vars(inference)}
    write_json(json, result.record(metadata), indent=1)
    figure = PLOTS.load(template.name)(result, parameters, pictures)
    save(figure, pdf)
    save(figure, png)
