"""Gates: what must hold before a table is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Gate:
    """One checked condition.

    A comparison with NaN is false, and a maximum or a mean may pass over it, so whether a gate is believed is decided here and not
    where it is made: it names every number that it rests on, and does not hold where one of them is missing.

    Attributes:
        gate: name.
        value: what was measured.
        target: what it is compared with.
        holds: whether the gate holds; never where a number that it rests on is missing.
        how: what was computed, in one sentence; says how many numbers are missing.
        rests_on: every number that decides, of any shape; NaN, None and infinities are missing. Not kept.
    """

    gate: str
    value: float | None
    target: float
    holds: bool
    how: str
    rests_on: InitVar[ArrayLike]

    def __post_init__(self, rests_on: ArrayLike) -> None:
        numbers = np.asarray(rests_on, dtype=float).ravel()
        missing = int((~np.isfinite(numbers)).sum())
        why = ""
        if missing:
            why = f"{missing} of {len(numbers)} values are missing"
        elif not len(numbers):
            why = "there is no value to judge by"
        elif self.value is None or not math.isfinite(self.value):
            why = "the value is missing"
        value = None if self.value is None else float(self.value)
        object.__setattr__(self, "value", value if value is not None and math.isfinite(value) else None)
        object.__setattr__(self, "holds", bool(self.holds) and not why)
        if why:
            object.__setattr__(self, "how", f"{self.how}; does not hold, because {why}")

    def record(self) -> dict[str, Any]:
        """As plain data: ``gate, value, target, holds, how``; a value that is missing is None."""
        return asdict(self)


class GateError(RuntimeError):
    """A gate does not hold, and what it guards must not be used."""


def require(gates: Sequence[Mapping[str, Any]], warning: str) -> None:
    """Raise a ``GateError`` that names every gate that does not hold, and ends with ``warning``.

    Args:
        gates: records of ``Gate``.
    """
    failed = [gate for gate in gates if not gate["holds"]]
    lines = [f"gate '{gate['gate']}' does not hold: {gate['value']} against {gate['target']}; {gate['how']}" for gate in failed]
    if lines:
        raise GateError("\n".join([*lines, warning]))
