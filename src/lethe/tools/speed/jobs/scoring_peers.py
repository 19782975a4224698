"""Scoring against Vision Unlearning's own classes, at 512 px with networks of the published size."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lethe.io.tables import write_json
from lethe.tools.speed.scoring_peers import EMITTERS, compare, write_pictures

TARGET = {"amortised": 2.5, "alone": 1.3, "amortised_seconds": 2.5, "alone_seconds": 1.3}
CLOCKS = {"": "cpu", "_seconds": "wall"}  # ending of a name -> what its ratio is of


def measure(json: Path, packages: str, threads: int) -> None:
    """Write how many times our processor time and our seconds the reference's classes take, with all threads and with one.

    Args:
        packages: the folder in which the reference's wheel is.
        threads: of the first measurement, which the targets are of.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder))
        measured = {f"threads_{count}": compare(packages, Path(folder), count) for count in dict.fromkeys((threads, 1))}
    first = measured[f"threads_{threads}"]
    value = {f"{name}{end}": first[name][clock] for end, clock in CLOCKS.items() for name in ("amortised", "alone")}
    result = {
        "value": value,
        "target": TARGET,
        "holds": all(value[name] >= target for name, target in TARGET.items()),
        "how": "one emitter of pictures of 512 px from files to scores: CLIP ViT-B/16, DINOv2 ViT-S/14 (random weights, the same on both "
        f"sides), BRISQUE, RMSE, SSIM. Vision Unlearning 1.0.0's own classes, called as its pipeline_06 does, against a score job; processor "
        f"time of theirs / ours on the CPU with {threads} threads for both: theirs in each operation of torch, ours a part of the pictures each. "
        f"`amortised`: ours with a hundredth of the off pictures, which {EMITTERS} emitters share; `alone`: with all of them; `_seconds`: the "
        "same of wall time. It depends on the processor, the threads, the picture's size and the "
        "networks, which take most of the time on both sides (`share_of_networks`)",
        "measured": measured,
    }
    write_json(json, result)
