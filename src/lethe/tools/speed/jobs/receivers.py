"""Drawn receivers against all receivers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.icare.receiver_study import study
from lethe.diffusion.testbed.schema import read_metadata
from lethe.diffusion.testbed.similarity import from_records
from lethe.io.tables import read_json, read_parquet, write_json
from lethe.settings.receivers import Drawn
from lethe.statistics.resampling import Inference
from lethe.tools.speed.receivers import pictures, synthetic

COVERAGE, FEWER = 0.95, 10
ENTITIES, DRAWS = 100, 40
OF_LARGE, OF_SMALL = Drawn(random=8, strata=4), Drawn(random=4, strata=2)
INFERENCE = Inference(permutations=199, bootstrap=1000)


def measure(
    metadata: Path, pairs: Path, off: Path, floor: Path, similarities: list[Path], json: Path, kinds: list[str], task: str
) -> None:
    """Write how many pictures drawn receivers save at 100 entities, and how often intervals hold the full matrix's numbers.

    Args:
        metadata, pairs, off, floor, similarities: of a finished task, whose models were asked for all receivers.
        kinds: of the similarities.
    """
    alike = {kind: from_records(read_json(path))[1] for kind, path in zip(kinds, similarities, strict=True) if kind != "true"}
    small = study(
        read_parquet(pairs), read_parquet(off), read_json(floor), alike, len(read_metadata(metadata)), OF_SMALL, DRAWS, INFERENCE
    )
    large = study(*synthetic(ENTITIES, seed=0), ENTITIES, OF_LARGE, DRAWS, INFERENCE)
    fewer = pictures(ENTITIES, ENTITIES, OF_LARGE.count + 1)
    value = {"coverage": round(float(large["coverage"].min()), 3), "fewer_pictures": round(fewer, 1)}
    result = {
        "value": value,
        "target": {"coverage": COVERAGE, "fewer_pictures": FEWER},
        "holds": value["coverage"] >= COVERAGE and fewer >= FEWER,
        "how": f"{DRAWS} draws of receivers ({OF_LARGE.told}) from a synthetic matrix of {ENTITIES} entities and 3 methods: share of intervals "
        f"that hold the full matrix's number, of the kind of estimate that is covered least; pictures of one method and the base. Beside it "
        f"the same of {task} ({OF_SMALL.told})",
        "measured": {f"synthetic_{ENTITIES}": _plain(large), task: _plain(small)},
    }
    write_json(json, result)


def _plain(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row.pop("kind"): {str(key): round(float(value), 3) for key, value in row.items()} for row in table.to_dict("records")}
