"""The pattern of a file name is taken apart once, and not for each of its names.

Snakemake looks for the wildcards of a pattern by a regular expression each time that it writes a name: 170,000 times in a plan of 10,000
models. Each name is then searched for what no plain name holds, and copied twice. Snakemake has no setting for it, so two methods of its
files are replaced by some with the same answers. What is not plain goes the ordinary way: functions, files in a storage, names with a
part ``<...>`` or a slash at their end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import io
from snakemake.exceptions import WildcardError
from snakemake.io import WILDCARD_REGEX, AnnotatedString, _IOFile
from snakemake.logging import logger

from lethe.execution.known import takes

SLOTS = ["_is_callable", "_file", "rule", "_regex", "_wildcard_constraints"]
"""What a file of Snakemake keeps beside its name, as it is known here."""
_ordinary: Any = getattr(_IOFile, "apply_wildcards", None)
_check: Any = getattr(_IOFile, "check", None)
_known: dict[str, tuple[str, tuple[str, ...]]] = {}  # pattern -> the same with %s for each wildcard, and their names


def take_apart_once() -> bool:
    """From here on patterns are kept as their parts; returns whether they are. A Snakemake that is not as known here stays as it is."""
    known = (
        takes(_ordinary, ["self", "wildcards"])
        and takes(_check, ["self"])
        and takes(getattr(io, "apply_wildcards", None), ["pattern", "wildcards"])
        and takes(getattr(_IOFile, "clone_flags", None), ["self", "other", "skip_storage_object"])
        and getattr(_IOFile, "__slots__", None) == SLOTS
    )
    if not known:
        logger.warning("Snakemake writes the names of files in another way than known here: a large plan takes longer")
        return False
    _IOFile.apply_wildcards = _named
    _IOFile.check = _checked
    return True


def filled(pattern: str, wildcards: Mapping[str, Any]) -> str:
    """``pattern`` with the values of its wildcards, as ``snakemake.io.apply_wildcards`` gives it.

    Raises:
        WildcardError: one has no value.

    >>> filled("models/{task}_{batch}0/{task,[a-z]+}.json", {"task": "people", "batch": "01"})
    'models/people_010/people.json'
    """
    if "{" not in pattern:
        return str(pattern)
    if pattern not in _known:
        _known[str(pattern)] = _apart(str(pattern))
    text, names = _known[pattern]
    try:
        return text % tuple([wildcards[name] for name in names])
    except KeyError as error:
        raise WildcardError(str(error)) from error


def _apart(pattern: str) -> tuple[str, tuple[str, ...]]:
    found = list(WILDCARD_REGEX.finditer(pattern))
    ends = [0, *(match.end() for match in found)]
    begins = [*(match.start() for match in found), len(pattern)]
    constant = [pattern[end:begin].replace("%", "%%") for end, begin in zip(ends, begins, strict=True)]
    return "%s".join(constant), tuple(match["name"] for match in found)


def _named(self: Any, wildcards: Mapping[str, Any]) -> Any:
    """In place of ``_IOFile.apply_wildcards``: a file of a pattern."""
    pattern = self._file
    flags = getattr(pattern, "flags", None)
    if self._is_callable or self.rule is None or (flags and "storage_object" in flags):
        return _ordinary(self, wildcards)
    name = filled(pattern, wildcards)
    if "<" in name or name.endswith("/"):
        return _ordinary(self, wildcards)
    file = str.__new__(_IOFile, name)
    file._is_callable, file.rule, file._regex, file._wildcard_constraints = False, self.rule, None, None
    file._file = AnnotatedString(name)
    if flags:
        file._file.flags = flags.copy()
    return file


def _checked(self: Any) -> None:
    """In place of ``_IOFile.check``, which warns of some names: none of those that pass here."""
    name = self._file
    plain = isinstance(name, str) and "//" not in name and "{" not in name and "\n" not in name
    if not plain or not name or name[0] in " ." or name[-1] == " ":
        _check(self)
