"""Names in figures: how much room they take, and cut where there is too little. Tables hold them whole."""

from __future__ import annotations

import textwrap
import unicodedata

ELLIPSIS = "\u2026"
_WIDE = "\uffff"  # stands behind a letter of two columns while a text is measured; no character, so in no name


def text_width(text: str) -> int:
    """Columns that a text takes: two for letters of Chinese, Japanese and Korean and for emoji."""
    return len(_spread(text))


def shortened(name: str, letters: int = 24) -> str:
    """A name in at most so many columns, the end cut; 24 fit beside a point."""
    spread = _spread(name)
    return name if len(spread) <= letters else _joined(spread[: letters - 1]).rstrip() + ELLIPSIS


def wrapped(name: str, letters: int, lines: int) -> str:
    """A name in at most so many lines of so many columns, the end cut."""
    broken = textwrap.wrap(_spread(name), letters, max_lines=lines, placeholder=ELLIPSIS)
    return "\n".join(_joined(line) for line in broken)


def _spread(text: str) -> str:
    return "".join(letter + _WIDE if unicodedata.east_asian_width(letter) in "WF" else letter for letter in text)


def _joined(text: str) -> str:
    return text.replace(_WIDE, "")
