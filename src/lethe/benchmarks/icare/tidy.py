"""The wide table of unlearning with one number a row, so that it can be filtered, sorted and drawn without knowing its columns."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from lethe.benchmarks.icare.columns import WIDE
from lethe.diffusion.methods import LOOKS
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.quantities import QUANTITY

SIDES = ("base", "emitter", "others", "noise", "worst")
KEPT = "others_kept"  # a ratio of two numbers on the side of the others; all other names are {quantity}_{side}
WORDS = {KEPT: "Judge accuracy on others, by the base's", CONSTANT: "Share of pictures of one colour"}
COLUMNS = [
    *("method", "method_name", "quantity", "quantity_name", "side", "value", "low", "high"),
    *("unit", "better", "left_out", "emitters"),
]


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """The same numbers, one mean with its interval a row.

    Args:
        table: of ``unlearning_table``.

    Returns:
        ``COLUMNS``, by method and in the order of the columns. Where a mean has no interval, its ends are NaN.

    >>> wide = pd.DataFrame([{"method": "uce", "emitters": 9, "ssim_others": 0.8, "ssim_others_low": 0.7, "ssim_others_high": 0.9}])
    >>> tidy(wide)[["method_name", "quantity", "side", "value", "low", "better"]].values.tolist()
    [['UCE', 'ssim', 'others', 0.8, 0.7, 'higher']]
    """
    rows = [_row(row, name) for row in table.to_dict("records") for name in map(str, table.columns) if _parts(name)]
    found = pd.DataFrame(rows, columns=COLUMNS)
    return found.astype({"left_out": "Int64"})


def _row(row: Mapping[Hashable, Any], name: str) -> list[Any]:
    quantity, side = _parts(name)
    method, about = str(row["method"]), WIDE.described(name)
    lost = None if side in ("base", "noise") else row.get(f"{quantity}_left_out")  # it counts pictures of the method's models
    return [
        method,
        LOOKS.get(method, "title", method),
        quantity,
        WORDS.get(quantity) or QUANTITY.of[quantity].label,
        side,
        *(row.get(f"{name}{end}", math.nan) for end in ("", "_low", "_high")),
        *(about.unit, about.better),
        *(None if lost is None else int(lost), row["emitters"]),
    ]


def _parts(name: str) -> tuple[str, str] | tuple[()]:
    """Quantity and side of a column that holds a mean; nothing of another column."""
    quantity, _, side = name.rpartition("_")
    return (KEPT, "others") if name == KEPT else (quantity, side) if side in SIDES else ()
