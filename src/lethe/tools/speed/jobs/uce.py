"""UCE for 100 entities at the size of Stable Diffusion v1.4."""

from __future__ import annotations

from pathlib import Path

from lethe.io.tables import write_json
from lethe.tools.speed.uce import bench_uce

TARGET = {"speed_up": 100, "megabytes": 1.0, "relative_error": 1e-4}


def measure(json: Path) -> None:
    """Write speed-up, size on disk and error against solving every dense edit."""
    measured = bench_uce()
    value = {
        "speed_up": measured["speed_up"],
        "megabytes": measured["bytes_on_disk"] / 1e6,
        "relative_error": measured["max_relative_error"],
    }
    small = value["megabytes"] <= TARGET["megabytes"] and value["relative_error"] <= TARGET["relative_error"]
    result = {
        "value": value,
        "target": TARGET,
        "holds": value["speed_up"] >= TARGET["speed_up"] and small,
        "how": "100 entities, one concept vector each, 32 random matrices of SD v1.4's sizes; dense edits per layer as the reference; "
        + measured["reference_note"],
        "measured": measured,
    }
    write_json(json, result)
