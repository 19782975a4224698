"""What must hold before U-LiRA is believed: it finds nothing in exactly retrained models and something in original ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lethe.benchmarks.deepunlearn.ulira import Attack
from lethe.core.gate import Gate

ALPHA = 0.05  # false alarms of the first gate, over its two intervals
NEAR = 0.02  # of 0.5: few splits must not pass by wide intervals
ATTACKS = {
    "logit_leave_one_split_out": "the attack leaves out the split that it attacks",
    "logit_insample": "the attack leaves nothing out",
    "published": "the attack as published",
}


def gate_retrained_is_null(found: Attack) -> Gate:
    """On retrained models the two-way intervals of accuracy and area, each at 97.5 %, hold 0.5, and the accuracy is within 0.02 of it."""
    level = 1 - ALPHA / 2
    accuracy = found.estimates["accuracy"]
    (low, high), (auc_low, auc_high) = accuracy.interval(level), found.estimates["auc"].interval(level)
    holds = low <= 0.5 <= high and auc_low <= 0.5 <= auc_high and abs(accuracy.value - 0.5) < NEAR
    how = (
        f"the two-way {level:.1%} intervals over splits and samples of the attack's accuracy, {low:.4f} to {high:.4f}, and of its area, "
        f"{auc_low:.4f} to {auc_high:.4f}, contain 0.5, and the accuracy is within {NEAR} of it; {ATTACKS[found.variant]}"
    )
    numbers = [accuracy.value, low, high, auc_low, auc_high]
    return _judged("ulira_retrained_is_null", accuracy.value, 0.5, holds, how, numbers, [found])


def gate_original_leaks(original: Attack, retrained: Attack) -> Gate:
    """The two-way interval of the accuracy on original models minus that on retrained ones lies above 0."""
    apart = original.estimates["accuracy"].minus(retrained.estimates["accuracy"])
    low, high = apart.interval(1 - ALPHA)
    how = (
        f"the two-way {1 - ALPHA:.0%} interval over splits and samples of the attack's accuracy on original models "
        f"({original.estimates['accuracy'].value:.4f}) minus that on retrained ones, {low:.4f} to {high:.4f}, lies above 0; "
        f"{ATTACKS[original.variant]}"
    )
    return _judged("ulira_original_leaks", apart.value, 0.0, low > 0, how, [apart.value, low, high], [original, retrained])


def lira_gates(attacks: Mapping[str, Attack], retrained: str = "retrained", original: str = "original") -> list[Gate]:
    """Both gates.

    Args:
        attacks: method -> attack, with both references; a ``KeyError`` names one that is missing.
    """
    return [gate_retrained_is_null(attacks[retrained]), gate_original_leaks(attacks[original], attacks[retrained])]


def _judged(name: str, value: float, target: float, holds: bool, how: str, numbers: list[float], attacks: list[Attack]) -> Gate:
    """A gate that rests on numbers, and on every observation having a score."""
    undefined = sum(found.undefined for found in attacks) / len(attacks)
    if undefined:
        how += f"; {undefined:.2%} of the observations have no score"
    return Gate(name, value, target, holds, how, [*numbers, math.nan if undefined else 0.0])
