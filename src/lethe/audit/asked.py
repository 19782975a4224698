"""The concepts of an audit: what is forgotten and what is kept, from lists and files, refused where they contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.diffusion.testbed.spelling import composed, name_fault
from lethe.settings.audit import MOST, Audit
from lethe.settings.errors import SettingsError
from lethe.settings.paths import check_exists

FILES = (".txt", ".csv", ".lst", ".md")  # endings by which a single entry of `keep` is a file, whether or not it is there


def concepts_of(audit: Audit) -> tuple[list[str], list[str] | None]:
    """What is forgotten, and what is kept; None where it is to be chosen from the vocabulary.

    Raises:
        SettingsError: an entry that is no text, one that stands twice or in both lists, a file that is not there or names nothing.
    """
    forget = _checked("audit.forget", audit.forget)
    if audit.keep is None:
        return forget, None
    keep = _checked("audit.keep", _from_file(audit.keep))
    known = {folded(name): name for name in forget}
    for name in keep:
        if folded(name) in known:
            raise SettingsError(
                f"audit.keep: '{name}' is in audit.forget too ('{known[folded(name)]}'), so it would be forgotten and kept at once"
            )
    return forget, keep


def folded(text: str) -> str:
    """``text`` as two concepts are held to be one: without case, doubled blanks and underscores."""
    return composed(" ".join(text.replace("_", " ").split()).lower())


def read_concepts(path: str | Path) -> list[str]:
    """The concepts of a text file, one a line; blank lines, and lines that begin with #, say nothing.

    Raises:
        SettingsError: the file is no text in UTF-8.
    """
    try:
        lines = Path(path).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: no text in UTF-8 ({error.reason} at byte {error.start})") from None
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def _from_file(keep: Sequence[str]) -> list[str]:
    """The entries themselves, or what the file holds that is the only one of them."""
    if len(keep) > 1 or not (keep[0].endswith(FILES) or Path(keep[0]).is_file()):
        return list(keep)
    check_exists("audit.keep", keep[0])
    found = read_concepts(keep[0])
    if not 0 < len(found) <= MOST:
        raise SettingsError(f"audit.keep: {keep[0]} names {len(found)} concepts; allowed: 1 to {MOST}, one a line")
    return found


def _checked(key: str, names: Sequence[str]) -> list[str]:
    """The names in composed letters; refused with a reason where one is no name, or stands there twice."""
    seen: dict[str, str] = {}
    for name in map(composed, names):
        if fault := name_fault(name):
            raise SettingsError(f"{key}: an entry {fault}")
        if folded(name) in seen:
            raise SettingsError(f"{key}: '{name}' and '{seen[folded(name)]}' are one concept; allowed: each once")
        seen[folded(name)] = name
    return list(seen.values())
