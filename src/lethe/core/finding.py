"""Findings: what tables say, as sentences that a reader needs first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One statement that follows from finished tables, whatever they say.

    Attributes:
        subject: what it is about, such as a task.
        headline: the statement, one short sentence.
        detail: its numbers, with intervals.
        hoped: whether it is what one hopes for; a page marks the others.
        table: the file that it is read from, relative to the folder of the world.
    """

    subject: str
    headline: str
    detail: str
    hoped: bool
    table: str

    def text(self) -> str:
        """As one paragraph for a terminal."""
        return f"{self.subject}: {self.headline} {self.detail}"


def percent(share: float, low: float = math.nan, high: float = math.nan) -> str:
    """A share in whole per cent, and its interval where there is one that is not a point in whole per cent.

    >>> percent(0.137, 0.04, 0.24), percent(1.0, 0.998, 1.0), percent(0.05)
    ('14 % [4, 24]', '100 %', '5 %')
    """
    if math.isnan(share):
        return "not known"
    told = f"{100 * share:.0f} %"
    if math.isnan(low) or math.isnan(high) or f"{100 * low:.0f}" == f"{100 * high:.0f}":
        return told
    return f"{told} [{100 * low:.0f}, {100 * high:.0f}]"


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence as one.

    >>> listed(["UCE 5 %"]), listed(["UCE", "ESD"]), listed(["UCE", "ESD", "CA"])
    ('UCE 5 %', 'UCE and ESD', 'UCE, ESD and CA')
    """
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else "none"


def counted(number: int, of: int, what: str) -> str:
    """How many of some there are, as a sentence begins.

    >>> counted(3, 3, "method"), counted(0, 3, "method"), counted(1, 3, "method"), counted(1, 1, "method")
    ('Every method', 'No method', '1 of 3 methods', 'The one method')
    """
    if of == 1:
        return f"The one {what}" if number else f"No {what}"
    return f"Every {what}" if number == of else f"No {what}" if not number else f"{number} of {of} {what}s"


def agreeing(number: int, of: int, one: str, many: str) -> str:
    """The verb that goes with ``counted``.

    >>> [agreeing(number, 3, "forgets", "forget") for number in (0, 1, 2, 3)]
    ['forgets', 'forgets', 'forget', 'forgets']
    """
    return one if number in (0, 1, of) else many
