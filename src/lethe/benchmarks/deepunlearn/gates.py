"""What must hold before U-LiRA is believed: it finds nothing in exactly retrained models and something in original ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lethe.benchmarks.deepunlearn.ulira import Attack
from lethe.core.gate import Gate


def gate_retrained_is_null(found: Attack) -> Gate:
    """The interval of the attack's accuracy on retrained models holds 0.5."""
    low, high = found.intervals["accuracy"]
    return _judged("ulira_retrained_is_null", found, low <= 0.5 <= high, "contains 0.5")


def gate_original_leaks(found: Attack) -> Gate:
    """The interval of the attack's accuracy on original models lies above 0.5."""
    return _judged("ulira_original_leaks", found, found.intervals["accuracy"][0] > 0.5, "lies above 0.5")


def lira_gates(attacks: Mapping[str, Attack], retrained: str = "retrained", original: str = "original") -> list[Gate]:
    """Both gates.

    Args:
        attacks: method -> attack, with both references; a ``KeyError`` names one that is missing.
    """
    return [gate_retrained_is_null(attacks[retrained]), gate_original_leaks(attacks[original])]


def _judged(name: str, found: Attack, holds: bool, claim: str) -> Gate:
    """A gate on the accuracy: it rests on the interval too, and on every observation having a score."""
    low, high = found.intervals["accuracy"]
    how = f"the 95 % bootstrap interval over splits of the attack's accuracy, {low:.4f} to {high:.4f}, {claim}; {found.variant}"
    if found.undefined:
        how += f"; {found.undefined:.2%} of the observations have no score"
    return Gate(name, found.accuracy, 0.5, holds, how, [found.accuracy, low, high, math.nan if found.undefined else 0.0])
