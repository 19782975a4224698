"""How messages show texts and lists of unknown length. Figures cut by the room they have: ``lethe.figures.text``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

DECIDES_NO_RESULT = "writes messages"

NAMED = 5  # names that a message lists
LONGEST = 80  # characters of a value
ENDS = 120  # characters of a text of which both ends matter


def some_of(names: Sequence[str]) -> str:
    """``"7 (a, b, c, d, e, ...)"``."""
    return f"{len(names)} ({', '.join(map(shortened, names[:NAMED]))}{', ...' if len(names) > NAMED else ''})"


def listed(names: Iterable[str], most: int | None = None) -> str:
    """``"'a', 'b' and 'c'"``, or of more than ``most`` names ``"'a', 'b' and 5 more"``; long names by their ends."""
    names = list(names)
    quoted = [f"'{by_its_ends(name)}'" for name in names[:most]]
    last = f"{len(names) - len(quoted)} more" if len(names) > len(quoted) else quoted.pop()
    return f"{', '.join(quoted)} and {last}" if quoted else last


def shortened(text: str, longest: int = LONGEST) -> str:
    """``text`` on one line without control characters, cut after ``longest`` characters."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."


def by_its_ends(text: str, longest: int = ENDS) -> str:
    """``text`` without its middle where it is longer than ``longest`` characters: what matters may stand at either end."""
    part = (longest - len(" ... ")) // 2
    return text if len(text) <= longest else f"{text[:part]} ... {text[-part:]}"
