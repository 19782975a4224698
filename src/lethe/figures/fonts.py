"""Letters of every script in figures: matplotlib's own font first, then fonts of the machine that have what it lacks."""

from __future__ import annotations

import functools
import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

BASE = "DejaVu Sans"  # ships with matplotlib: the same letters on every machine
SHIPPED = ("DejaVu", "STIXGeneral")  # of the fonts that ship with matplotlib; the others have symbols in the places of letters
MISSING = "Glyph .* missing from"  # how matplotlib's warning begins
_told: set[str] = set()  # letters of which was said already that no font has them


def further_fonts(figure: Figure) -> list[str]:
    """Families that have the letters of a figure which ``BASE`` lacks, as few as will do; mostly none.

    What no font has is said in the log, once per letter: which letters they are and how to get a font.
    """
    from matplotlib.font_manager import findfont
    from matplotlib.text import Text

    texts = (text.get_text() for text in figure.findobj(Text) if isinstance(text, Text))
    lacking = {letter for text in texts for letter in text if _is_drawn(letter)} - _letters(str(findfont(BASE)))
    if not lacking:
        return []
    families, left = families_for(lacking)
    if new := sorted(left - _told):
        _told.update(new)
        named = ", ".join(f"{letter} (U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')})" for letter in new[:8])
        more = f" and {len(new) - 8} more" if len(new) > 8 else ""
        log.warning(
            "no font of this machine has %s%s: figures show boxes there. Any font that has them will do, e.g. Noto "
            "(apt install fonts-noto fonts-noto-cjk, or a file of https://fonts.google.com/noto in ~/.local/share/fonts)",
            named, more,
        )  # fmt: skip
        # A notebook shows a figure after it was drawn, with a warning of matplotlib's for every letter that was just named
        warnings.filterwarnings("ignore", message=MISSING)
    return families


def families_for(letters: Iterable[str]) -> tuple[list[str], set[str]]:
    """Families that together have ``letters``, and the letters that no font has.

    The family that has most of them comes first; of equals a Noto, then a sans serif, then by name, so that a machine always answers alike.
    """
    left, families = set(letters), list[str]()
    while left:
        family, found = max(((name, left & _letters(path)) for name, path in _candidates()), key=lambda item: len(item[1]))
        if not found:
            break
        families.append(family)
        left -= found
    return families, left


@contextmanager
def without_warnings() -> Iterator[None]:
    """No warning of matplotlib's for each missing letter: ``further_fonts`` looks for a font, or says once that there is none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING)
        yield


@functools.cache
def _candidates() -> tuple[tuple[str, str], ...]:
    """Family and file of the upright fonts of the machine in usual weight, the best first; also of those newer than matplotlib's list."""
    import matplotlib
    from matplotlib import font_manager

    manager = font_manager.fontManager
    for path in sorted(set(font_manager.findSystemFonts()) - {entry.fname for entry in manager.ttflist}):
        try:
            manager.addfont(path)
        except Exception as error:  # FreeType meets damaged fonts with many types, and such a font is none
            log.debug("%s: not a font that can be used (%s)", path, error)
    shipped = Path(matplotlib.get_data_path())
    found = dict[str, str]()
    for entry in manager.ttflist:
        upright = entry.style == "normal" and entry.stretch == "normal" and entry.weight in (400, "normal", "regular", "book")
        if upright and (shipped not in Path(entry.fname).parents or entry.name.startswith(SHIPPED)):
            found.setdefault(entry.name, str(entry.fname))
    return tuple(sorted(found.items(), key=lambda item: ("Noto" not in item[0], "Sans" not in item[0], item)))


@functools.cache
def _letters(path: str) -> frozenset[str]:
    """The letters of a font; none of one that cannot be read or drawn in any size (colour emoji are pictures)."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
        return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
    except (OSError, RuntimeError):
        return frozenset()


def _is_drawn(letter: str) -> bool:
    """Whether a letter has a picture of its own: no blank, nothing invisible, no variation selector."""
    return unicodedata.category(letter) not in ("Cc", "Cf", "Zs", "Zl", "Zp") and not "\ufe00" <= letter <= "\ufe0f"
