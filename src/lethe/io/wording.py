"""How messages show values of unknown length."""

from __future__ import annotations

from collections.abc import Sequence

DECIDES_NO_RESULT = "writes messages"

NAMED = 5  # names that a message lists
LONGEST = 80  # characters of a value


def some_of(names: Sequence[str]) -> str:
    """``"7 (a, b, c, d, e, ...)"``."""
    return f"{len(names)} ({', '.join(map(shortened, names[:NAMED]))}{', ...' if len(names) > NAMED else ''})"


def shortened(text: str, longest: int = LONGEST) -> str:
    """``text`` on one line without control characters, cut after ``longest`` characters."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."
