"""Tables per entity and interference matrices against Vision Unlearning's own functions."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lethe.io.tables import write_json
from lethe.tools.speed.entity_tables import ENTITIES, EPOCHS, compare

TARGET = 50


def measure(json: Path, packages: Path) -> None:
    """Write how many times the processor time of the reference's functions ours takes.

    Args:
        packages: the folder in which the reference's wheel is.
    """
    with tempfile.TemporaryDirectory() as folder:
        measured = compare(packages, Path(folder))
    result = {
        "value": measured["speed_up"],
        "target": TARGET,
        "holds": measured["speed_up"] >= TARGET and measured["equal_values"] == measured["values"],
        "how": f"{len(EPOCHS)} tasks x {len(EPOCHS['people'])} methods x {ENTITIES} entities, 5 metrics, from finished pairs on disk to the table "
        "per entity and the interference matrix of every metric; no test and no interval on either side. Vision Unlearning 1.0.0's own "
        "pipeline_07.compute_for_task and ResultTemplateInterferenceMatrix, which read a JSON file per emitter, against one parquet file "
        "per task; processor time of theirs / ours. `entities_alone`: without its matrices. The gain is mostly that it reads every file "
        "once per entity, and ours reads all pairs once",
        "measured": measured,
    }
    write_json(json, result)
