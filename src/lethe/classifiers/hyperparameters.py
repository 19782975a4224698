"""Found hyper-parameters on disk: ``config/deepunlearn/{dataset}_{architecture}.yaml``, written found by `snakemake deepunlearn_search`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from lethe.classifiers.found import Found
from lethe.core.registry import nearest
from lethe.io.atomic import write_text
from lethe.io.tables import read_json
from lethe.settings.classifiers import Search
from lethe.settings.errors import SettingsError
from lethe.settings.read import read_settings
from lethe.settings.strict import Strict

HEADER = """\
# Found by `snakemake deepunlearn_search` and copied here from results/{world}/hyperparameters. norm: Euclidean norm of the four objectives, mean
# over the tuning models; norm_original and norm_retrained: the same for doing nothing and for exact unlearning.
"""


class FoundFile(Strict):
    """The content of one file."""

    dataset: str
    architecture: str
    protocol: str
    seeds: list[int]
    norm_original: float
    norm_retrained: float
    methods: dict[str, Found] = Field(min_length=1)


def shipped(folder: str | Path, dataset: str, architecture: str) -> dict[str, Found]:
    """Method -> what the search found, for a data set and an architecture.

    Raises:
        SettingsError: no such file, or a malformed one; says how to get one.
    """
    path = Path(folder) / f"{dataset}_{architecture}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise SettingsError(
            f"no hyper-parameters {path}; there are: {', '.join(known) or 'none'}{nearest(path.stem, known)}. "
            "Set deepunlearn.hyperparameters to searched, or run `snakemake deepunlearn_search` and copy the file"
        )
    found = read_settings(path, FoundFile, "a file of hyper-parameters")
    if (found.dataset, found.architecture) != (dataset, architecture):
        raise SettingsError(
            f"{path}: it is about {found.architecture} on {found.dataset}; its name says {architecture} on {dataset}"
        )
    return found.methods


def write_shipped(path: str | Path, content: dict[str, Any]) -> None:
    """Check and write one file, one line per method."""
    checked = FoundFile.model_validate(content).model_dump()
    methods = checked.pop("methods")
    lines = [HEADER + yaml.safe_dump(checked, sort_keys=False, default_flow_style=None, width=1000) + "methods:"]
    for name in sorted(methods):
        methods[name] |= {"norm": round(methods[name]["norm"], 4), "seconds": round(methods[name]["seconds"], 1)}
        entry = yaml.safe_dump(methods[name], sort_keys=False, default_flow_style=True, width=1000).strip()
        lines.append(f"  {name}: {entry}")
    write_text(path, "\n".join(lines) + "\n")


def pack(searches: list[Path], found: Path, dataset: str, architecture: str, search: Search) -> None:
    """What the searches of a study found, as a file for config/deepunlearn.

    Args:
        searches: of every method, ``{method}.json``.
        found: the file to write.
        search: how was searched.
    """
    contents = {path.stem: read_json(path) for path in searches}
    models = next(iter(contents.values()))  # the norms of doing nothing and of exact unlearning are the same for all methods
    write_shipped(
        found,
        {
            "dataset": dataset,
            "architecture": architecture,
            "protocol": search.protocol,
            "seeds": search.seeds,
            "norm_original": round(models["norm_original"], 4),
            "norm_retrained": round(models["norm_retrained"], 4),
            "methods": {name: {key: content[key] for key in Found.model_fields} for name, content in contents.items()},
        },
    )
