"""The concepts of an audit: what is forgotten and what is kept, from lists and files, refused where they contradict each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lethe.diffusion.testbed.spelling import composed, name_fault
from lethe.settings.audit import MOST, Audit
from lethe.settings.errors import SettingsError
from lethe.settings.paths import check_exists

ARTICLE = r"(?:an?|the) "
FILES = (".txt", ".csv", ".lst", ".md")  # endings by which a single entry is a file, whether or not it is there


class Asked(NamedTuple):
    """The concepts of an audit.

    Attributes:
        forget: what is forgotten. keep: what methods are told to keep; None: to be chosen from the vocabulary.
        watch: what is looked at besides, and no method is told of. neighbours: how many are chosen.
    """

    forget: list[str]
    keep: list[str] | None
    watch: list[str]
    neighbours: int

    @property
    def lists(self) -> dict[str, list[str]]:
        """Key of the section -> its concepts."""
        return {"audit.forget": self.forget, "audit.keep": self.keep or [], "audit.watch": self.watch}

    @property
    def named(self) -> list[str]:
        """All concepts that are known before a job runs."""
        return [name for names in self.lists.values() for name in names]


def concepts_of(audit: Audit) -> Asked:
    """The concepts that the section names.

    Raises:
        SettingsError: an entry that is no text, one that stands twice or in two lists, a file that is not there or names nothing.
    """
    if audit.watch is not None and audit.keep is None:
        raise SettingsError("audit.watch goes with audit.keep; without both, neighbours are chosen for either")
    keep = None if audit.keep is None else _from_file("audit.keep", audit.keep)
    watch = _from_file("audit.watch", audit.watch) if audit.watch else []
    asked = Asked(list(map(composed, audit.forget)), keep, watch, audit.neighbours)
    seen: dict[str, tuple[str, str]] = {}
    for key, names in asked.lists.items():
        for name in names:
            if fault := name_fault(name):
                raise SettingsError(f"{key}: an entry {fault}")
            if folded(name) in seen:
                other, there = seen[folded(name)]
                raise SettingsError(f"{key}: '{name}' is in {there} too ('{other}'); allowed: each concept once, in one list")
            seen[folded(name)] = name, key
    return asked


def prompt_for(template: str, concept: str) -> str:
    """The prompt that asks for a concept; of two articles, one in the template and one in the concept, the concept's own stays.

    >>> prompt_for("An image of a {concept}", "red fox"), prompt_for("An image of a {concept}", "an arena")
    ('An image of a red fox', 'An image of an arena')
    """
    words = _words(concept)
    if re.match(ARTICLE, words, re.IGNORECASE):
        template = re.sub(rf"\b{ARTICLE}(?={{concept}})", "", template, flags=re.IGNORECASE)
    return template.format(concept=words)


def folded(text: str) -> str:
    """``text`` as two concepts are held to be one: without case, doubled blanks and underscores."""
    return composed(_words(text).lower())


def _words(text: str) -> str:
    return composed(" ".join(text.replace("_", " ").split()))


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


def _from_file(key: str, given: Sequence[str]) -> list[str]:
    """The entries themselves, or what the file holds that is the only one of them."""
    if len(given) > 1 or not (given[0].endswith(FILES) or Path(given[0]).is_file()):
        return list(map(composed, given))
    check_exists(key, given[0])
    found = list(map(composed, read_concepts(given[0])))
    if not 0 < len(found) <= MOST:
        raise SettingsError(f"{key}: {given[0]} names {len(found)} concepts; allowed: 1 to {MOST}, one a line")
    return found
