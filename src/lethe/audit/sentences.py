"""What the page of an audit says: every sentence follows from the tables, also the one that says the opposite."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from lethe.audit.concepts import FORGOTTEN
from lethe.audit.labels import label


def question(model: str, forgotten: list[str]) -> str:
    """The headline."""
    listed = " or ".join(f"“{name}”" for name in forgotten)
    return f"What else does {model} lose when it forgets {listed}?"


def amount(value: float) -> str:
    """A change in units of the floor, as a reader needs it: ``0.4``, ``12``; what is beyond all bounds in words."""
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "beyond all bounds"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def number(value: float) -> str:
    """A value with three significant digits, and a minus that is one."""
    return "not known" if math.isnan(value) else f"{value:.3g}".replace("-", "−")


def measured(row: pd.Series) -> str:
    """The measure in which a prompt moved most, its value, and the range of two seeds."""
    return f"{label(str(row['measure']))} {number(row['value'])} (two seeds: {number(row['low'])} to {number(row['high'])})"


def answers(moved: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """One short paragraph per model: is the concept gone, and what went with it.

    Args:
        moved: ``most_moved`` of the methods that are judged. titles: method -> its name.
    """
    found = []
    for (method, _), rows in moved.groupby(["method", "emitter"], sort=False):
        goal, others = rows[rows["role"] == FORGOTTEN].iloc[0], rows[rows["role"] != FORGOTTEN]
        name = f"{titles[str(method)]}: “{goal['concept']}”"
        if goal["moved"]:
            first = f"{name} changed {amount(goal['of_floor'])} times as much as two seeds of the model differ."
        else:
            first = f"{name} changed no more than two seeds of the model differ, so these measures do not see it forgotten."
        found.append(f"{first} {_of_others(others)}")
    return found


def _of_others(others: pd.DataFrame) -> str:
    lost, known = others[others["moved"]], f"the {len(others)} other prompts" if len(others) > 1 else "the other prompt"
    if not len(lost):
        return f"None of {known} did." if len(others) > 1 else f"{known.capitalize()} did not change more than that."
    worst = lost.iloc[0]
    most = f"“{worst['concept']}” ({amount(worst['of_floor'])} times)"
    if len(others) == 1:
        return f"{known.capitalize()} did so too: {most}."
    return f"{len(lost)} of {known} did so too, most of all {most}."


GATES = {
    "audit_base_draws_pictures": "The untouched model draws pictures: none of one colour, every score a number",
    "audit_none_is_the_base": "A method that changes nothing gives exactly the pictures of the untouched model",
    "audit_forgotten_moved": "What is forgotten moved more than two seeds differ, under every method",
}
"""Gate -> what it says, in the page's words."""
