"""A dry run of the whole paper."""

from __future__ import annotations

from pathlib import Path

from lethe.io.tables import write_json
from lethe.tools.speed.planning import JOBS, SECONDS, plan_of


def measure(config: Path, json: Path) -> None:
    """Write how long the plan takes and how many jobs it has.

    Args:
        config: the overlay of the paper.

    Raises:
        RuntimeError: the dry run fails; holds what it said last.
    """
    measured = plan_of("all", config)
    result = {
        "value": {"seconds": measured.seconds, "jobs": measured.jobs},
        "target": {"seconds": SECONDS, "jobs": JOBS},
        "holds": measured.seconds <= SECONDS and measured.jobs <= JOBS,
        "how": "wall time and jobs of `snakemake -n all --configfile config/paper.yaml`, one run",
        "measured": {"cpu_seconds": measured.cpu_seconds},
    }
    write_json(json, result)
