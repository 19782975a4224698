"""Found hyper-parameters on disk, in the form of ``lethe.settings.methods``: read for a study, and written by `snakemake deepunlearn_search`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lethe.classifiers.found import Found, read_search
from lethe.io.atomic import write_text
from lethe.io.tables import read_json
from lethe.settings.classifiers import Search
from lethe.settings.methods import SearchCost, Searched, Sourced, StudyFile, load_study

SOURCE = "search"
HEADER = """\
# Found by `snakemake deepunlearn_search` and copied here from results/{world}/hyperparameters. norm: Euclidean norm of the four objectives, mean
# over the tuning models; norm_original, norm_retrained and norm_floor: the same for doing nothing, for exact unlearning and for models
# retrained from another seed.
"""


def shipped(folder: str | Path, dataset: str, architecture: str) -> dict[str, Found]:
    """Method -> what the search found, for a data set and an architecture; see ``load_study``."""
    content = load_study(dataset, architecture, folder)
    norms = content.model_dump(include={"norm_retrained", "norm_floor"})
    return {
        name: Found.model_validate(
            entry.search.model_dump() | norms | {"values": {key: value.value for key, value in entry.values.items()}}
        )
        for name, entry in content.methods.items()
    }


def write_study(path: str | Path, study: Mapping[str, Any], methods: Mapping[str, Found]) -> None:
    """Check and write one file: a line for the search of a method and one for each value.

    Args:
        study: what ``StudyFile`` holds beside the methods.
        methods: what the searches found.
    """
    searched = {
        name: Searched(
            search=SearchCost(
                norm=None if found.norm is None else round(found.norm, 4), trials=found.trials, seconds=round(found.seconds, 1)
            ),
            values={key: Sourced(value=value, source=SOURCE) for key, value in found.values.items()},
        )
        for name, found in sorted(methods.items())
    }
    content = StudyFile.model_validate(dict(study) | {"methods": searched}).model_dump()
    lines = [HEADER + _flow({key: value for key, value in content.items() if key != "methods"}, inline=None) + "methods:"]
    for name, entry in content["methods"].items():
        lines += [f"  {name}:", f"    search: {_flow(entry['search'])}", "    values:"]
        lines += [f"      {key}: {_flow(value)}" for key, value in entry["values"].items()]
    write_text(path, "\n".join(lines) + "\n")


def _flow(content: dict[str, Any], inline: bool | None = True) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, default_flow_style=inline, width=1000)
    return text.strip() if inline else text


def pack(searches: list[Path], found: Path, dataset: str, architecture: str, search: Search) -> None:
    """What the searches of a study found, as a file for config/methods/classifiers.

    Args:
        searches: of every method, ``{method}.json``.
        found: the file to write.
        search: how was searched.
    """
    models = read_json(searches[0])  # the norms of models that no method made are the same for all
    study = {
        "dataset": dataset,
        "architecture": architecture,
        "protocol": search.protocol,
        "objective": search.objective,
        "seeds": search.seeds,
        **{name: round(models[name], 4) for name in ("norm_original", "norm_retrained", "norm_floor")},
    }
    write_study(found, study, {path.stem: read_search(path) for path in searches})
