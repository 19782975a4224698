"""A dry run of UnlearnCanvas with as many concepts as it was published with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from lethe.io.tables import write_json
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.tools.speed.planning import JOBS, SECONDS, plan_of

STYLES, OBJECTS = 50, 20  # beside the photo


def measure(json: Path, task: str, methods: list[str], canvas: UnlearnCanvas) -> None:
    """Write how long the plan of every style and every object under every method takes, and how many jobs it has.

    Args:
        task: of UnlearnCanvas; its concepts are replaced.
        methods: that run on it.
        canvas: its entry of the section `unlearncanvas`.

    Raises:
        RuntimeError: the dry run fails; holds what it said last.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "overlay.yaml"
        config.write_text(yaml.safe_dump(overlay(task, canvas)))
        measured = plan_of("canvas", config)
    result = {
        "value": {"seconds": measured.cpu_seconds, "jobs": measured.jobs},
        "target": {"seconds": SECONDS, "jobs": JOBS},
        "holds": measured.cpu_seconds <= SECONDS and measured.jobs <= JOBS,
        "how": f"processor time, which is the clock's on a quiet machine, and jobs of `snakemake -n canvas`; {STYLES + OBJECTS} concepts, "
        f"{len(methods)} methods: {', '.join(methods)}; one run",
        "measured": {"wall_seconds": measured.seconds},
    }
    write_json(json, result)


def overlay(task: str, canvas: UnlearnCanvas) -> dict[str, Any]:
    """A configuration in which every style and every object is forgotten; none is left that retention could be measured by."""
    names = {
        canvas.style: [f"style{number:02d}" for number in range(STYLES)],
        canvas.object: [f"object{number:02d}" for number in range(OBJECTS)],
    }
    emitters = [{"covers": {attribute: name}} for attribute, values in names.items() for name in values]
    others = dict.fromkeys(("retained", "attack", "sequence", "pairs"))  # they name concepts of their own
    return {
        "tasks": {task: {"emitters": emitters, "tuning_emitters": [], "retrain_emitters": []}},
        "unlearncanvas": {task: {**others, "protocols": [name for name in canvas.protocols if name != "cuig"]}},
    }
