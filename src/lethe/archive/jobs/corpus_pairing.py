"""Whether on and off pictures of a corpus share their noise."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.archive.corpus.images import read_picture
from lethe.archive.corpus.layout import picture
from lethe.archive.corpus.pairing import Floats, similarities, some_receivers, thumbnails
from lethe.core.records import ModelId
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import write_csv
from lethe.statistics.pairing import Pairing, pairing
from lethe.statistics.resampling import Inference, q_values

log = logging.getLogger(__name__)
BASELINE, OWN = "baseline", "own"  # where the off pictures are: in the folder of the task, or in that of the model


def compare(
    off: list[Path],
    on: list[Path],
    metadata: Path,
    table: Path,
    models: list[str],
    own_off: list[str],
    seeds: list[int],
    style: str,
    receivers: int,
    inference: Inference,
) -> None:
    """Write a row per model of a method, two where its folder holds off pictures of its own.

    Args:
        off: the folder of the base's pictures.
        on: the folder of each model.
        own_off: models whose folder is of the first generation.
        seeds, style: of the pictures.
        receivers: of each model that are looked at, at most.
    """
    names = [str(record["name"]) for record in read_metadata(metadata)]

    def looked_at(folder: Path, state: str, chosen: list[int]) -> Floats:
        return thumbnails(lambda place, seed: read_picture(folder / picture(state, seed, style, names[place])), chosen, seeds)

    rows = []
    for name, folder in zip(models, on, strict=True):
        model = ModelId.parse(name)
        chosen = some_receivers(len(names), model.index, receivers)
        drawn = looked_at(folder, "on", chosen)
        places = {BASELINE: off[0]} if off else {}
        if name in own_off and folder not in off:
            places[OWN] = folder
        for where, place in places.items():
            alike, left_out = similarities(drawn, looked_at(place, "off", chosen))
            rows.append(_row(model, names[model.index], where, left_out) | _told(alike, inference))
        log.info("%s: %d receivers", name, len(chosen))
    write_csv(table, pd.DataFrame(rows))


def join(of_methods: list[Path], table: Path, inference: Inference) -> None:
    """Write the rows of all methods of a task with ``q`` (over all of them) and ``verdict``."""
    rows = pd.concat([pd.read_csv(path) for path in of_methods], ignore_index=True)
    rows["q"] = q_values(rows["p"])
    fields = list(Pairing.__dataclass_fields__)
    found = [Pairing(**{key: row[key] for key in fields}) for row in rows.to_dict("records")]
    rows["verdict"] = [one.verdict(q, inference.alpha) for one, q in zip(found, rows["q"], strict=True)]
    counts = rows.groupby(["method", "off", "verdict"]).size()
    log.info("models by verdict:\n%s", counts.to_string())
    write_csv(table, rows)


def _row(model: ModelId, name: str, off: str, left_out: int) -> dict[str, Any]:
    return {
        "method": model.method,
        "epochs": model.epochs,
        "emitter": model.index,
        "name": name,
        "off": off,
        "left_out": left_out,
    }


def _told(alike: Floats, inference: Inference) -> dict[str, Any]:
    """What is told of a model; NaN where fewer than two prompts tell their seeds apart."""
    if len(alike) < 2:
        return dict.fromkeys(Pairing.__dataclass_fields__, float("nan"))
    return asdict(pairing(alike, inference))
