"""What an entity may be called: text that a reader sees as it is written, and that no file of a task uses for itself."""

from __future__ import annotations

import unicodedata

from lethe.io.wording import shortened

MOST = 1000  # characters; a prompt of Stable Diffusion holds about 300
RESERVED = {"emitter": "the key of the emitter in similarity_{kind}_{task}.json"}

# Unicode's categories of characters that a reader does not see, or that are not text at all
_UNSEEN = {
    "Cc": "a control character",
    "Cf": "an invisible character (zero width, or turning the direction of writing)",
    "Cs": "half of a character (a lone surrogate)",
    "Co": "a character of private use",
    "Zl": "a line break",
    "Zp": "a line break",
}
# Letters and symbols by category that are drawn as nothing: fillers, joiners, the empty Braille cell
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def composed(name: str) -> str:
    r"""The name with composed letters (Unicode's form NFC), as keyboards type it; macOS writes file names decomposed.

    Examples:
        >>> len("e\u0301"), len(composed("e\u0301"))
        (2, 1)
    """
    return unicodedata.normalize("NFC", name)


def name_fault(name: object) -> str:
    """Why something cannot be the name of an entity, with what is allowed; ``""`` if it can.

    Whatever is read as a missing value elsewhere (``NA``, ``None``, ``null``) is a name.

    Examples:
        >>> name_fault("emitter")
        "is 'emitter', the key of the emitter in similarity_{kind}_{task}.json; allowed: any other name"
        >>> name_fault("akita dog")
        ''
    """
    if not isinstance(name, str):
        return f"is {shortened(repr(name))} ({type(name).__name__}); allowed: text with at least one word"
    if not name.strip().strip("_ "):
        return f"is {name!r}; allowed: text with at least one word"
    shown = shortened(repr(name))  # escapes what cannot be seen
    for place, letter in enumerate(name):
        if what := _unseen(letter):
            return f"is {shown}: character {place + 1} is U+{ord(letter):04X}, {what}; allowed: characters that can be seen"
    if name != name.strip():
        return f"is {shown}; allowed: no blank at the beginning or the end"
    if len(name) > MOST:
        return f"is {shown}, {len(name)} characters; allowed: at most {MOST}"
    if name != composed(name):
        return f"is {shown} with accents apart from their letters; allowed: composed letters (Unicode NFC)"
    if name in RESERVED:
        return f"is '{name}', {RESERVED[name]}; allowed: any other name"
    return ""


def _unseen(letter: str) -> str:
    if letter == "\ufffd":
        return "what a reader puts for bytes that it cannot decode"
    if letter in _BLANK:
        return "a character that is drawn as nothing"
    if ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF:
        return "no character"
    return _UNSEEN.get(unicodedata.category(letter), "")
