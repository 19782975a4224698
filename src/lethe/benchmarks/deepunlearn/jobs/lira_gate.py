"""The gate of U-LiRA."""

from __future__ import annotations

from pathlib import Path

from lethe.core.gate import require
from lethe.io.tables import read_json, write_json


def pass_gates(checked: Path, gates: Path) -> None:
    """Hand the gates on if all of them hold.

    Args:
        checked: gates, whether they hold or not.
        gates: the same; written only if all hold.

    Raises:
        GateError: U-LiRA finds something in retrained models, or nothing in original ones.
    """
    records = read_json(checked)
    require(records, "U-LiRA of this study is not to be believed; its table is made, this file is not")
    write_json(gates, records)
