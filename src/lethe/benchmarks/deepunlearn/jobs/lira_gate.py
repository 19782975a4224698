"""The gates of U-LiRA."""

from __future__ import annotations

from pathlib import Path

from lethe.core.gate import enforce
from lethe.io.gates import read_gates, write_gates


def pass_gates(checked: Path, gates: Path, stop: list[str], study: str) -> None:
    """Hand the gates on, unless one that stops the run does not hold; the table of U-LiRA is made in any case.

    Args:
        checked: gates, whether they hold or not.
        gates: the same.
        stop: names of those that stop the run.
        study: what was attacked.

    Raises:
        GateError: U-LiRA finds something in retrained models, or nothing in original ones.
    """
    judged = read_gates(checked)
    enforce(judged, stop, f"U-LiRA on {study}")
    write_gates(gates, judged)
