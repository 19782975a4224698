"""The finished table of effects, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def text(table: pd.DataFrame) -> str:
    """One line per effect, for a terminal."""
    return "\n".join(
        f"{row['id']:4}{row['scope']:22}{_number(row['published']):>10}{_number(row['lethe']):>10}{_number(row['agreement']):>8}  "
        f"{row['deviation']}: {row['quantity']} ({row['how']})"
        for row in table.to_dict("records")
    )


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"
