"""The gates of a study and of U-LiRA."""

from __future__ import annotations

from pathlib import Path

from lethe.core.gate import enforce
from lethe.io.gates import read_gates, write_gates


def pass_gates(checked: Path, gates: Path, stop: list[str], study: str) -> None:
    """Hand the gates on, unless one that stops the run does not hold; the tables that they judge are made in any case.

    Args:
        checked: gates, whether they hold or not.
        gates: the same.
        stop: names of those that stop the run.
        study: what is judged.

    Raises:
        GateError: one that stops the run does not hold.
    """
    judged = read_gates(checked)
    enforce(judged, stop, study)
    write_gates(gates, judged)
