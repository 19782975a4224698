"""Gates: what must hold before a table is believed."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import InitVar, asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

log = logging.getLogger(__name__)


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
        rests_on: every number that decides, of any shape; NaN, None and infinities are missing. Not kept; None: it was judged before.
    """

    gate: str
    value: float | None
    target: float
    holds: bool
    how: str
    rests_on: InitVar[ArrayLike | None]

    def __post_init__(self, rests_on: ArrayLike | None) -> None:
        if rests_on is None:
            return
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

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Gate:
        """The inverse of ``record``; a ``TypeError`` names a key that is missing or unknown."""
        return cls(**record, rests_on=None)

    def __str__(self) -> str:
        state = "holds" if self.holds else "does not hold"
        return f"gate '{self.gate}' {state}: {self.value} against {self.target}; {self.how}"


class GateError(RuntimeError):
    """A gate that stops the run does not hold."""


def enforce(gates: Sequence[Gate], stop: Collection[str], where: str) -> None:
    """The one policy: a gate that does not hold is told in the log, and stops the run if the configuration says so.

    Args:
        gates: of one task or study.
        stop: names of the gates that stop a run (``gates.stop``).
        where: what they judge, for messages.

    Raises:
        GateError: naming every gate that does not hold and stops the run.

    Examples:
        >>> gate = Gate("none_is_zero", 0.2, 0.0, False, "largest change under `none`", rests_on=[0.2])
        >>> enforce([gate], stop=["none_is_zero"], where="objects")
        Traceback (most recent call last):
            ...
        lethe.core.gate.GateError: gate 'none_is_zero' does not hold: 0.2 against 0.0; largest change under `none`
        so objects is not to be believed; `gates.stop` says which gates stop a run
    """
    failed = [gate for gate in gates if not gate.holds]
    for gate in failed:
        log.warning("%s: %s", where, gate)
    if stopping := [str(gate) for gate in failed if gate.gate in stop]:
        raise GateError("\n".join([*stopping, f"so {where} is not to be believed; `gates.stop` says which gates stop a run"]))
