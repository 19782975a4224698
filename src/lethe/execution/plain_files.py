"""A file of Snakemake is compared as the text that it is, and its flags are looked up directly.

Both are asked for millions of times in a plan of 10,000 models. Snakemake's file is a text that keeps another one: its hash and its equality
are functions in Python that ask that one. Whether it has a flag is asked of an abstract class first. Snakemake has no setting for it, so two
methods and one function are replaced by some with the same answers. One differs, which Snakemake never asks for: an input that is a
function is equal to whatever is written as it is, and no longer to the bare function.
"""

from __future__ import annotations

from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import dag, io, jobs, rules
from snakemake.io import AnnotatedString, _IOFile, fmt
from snakemake.logging import logger

from lethe.execution.known import takes

NAME = "is_flagged"
USERS = (io, dag, jobs, rules, fmt)  # modules that call the function by this name
_ordinary: Any = getattr(io, NAME, None)
_hash, _equal = _IOFile.__hash__, _IOFile.__eq__


def compare_as_text() -> bool:
    """From here on files are compared as text; returns whether they are. A Snakemake that is not as known here stays as it is."""
    known = (
        takes(_ordinary, ["value", "flag"])
        and takes(_hash, ["self"])
        and takes(_equal, ["self", "other"])
        and hasattr(AnnotatedString(""), "_flags")
    )
    if not known or any(getattr(user, NAME, None) not in (_ordinary, has_flag) for user in USERS):
        logger.warning("Snakemake compares files in another way than known here: a large plan takes longer")
        return False
    for user in USERS:
        setattr(user, NAME, has_flag)
    _IOFile.__hash__, _IOFile.__eq__ = str.__hash__, str.__eq__
    return True


def has_flag(value: Any, flag: str) -> bool:
    """Whether a file has a flag, as ``snakemake.io.is_flagged`` says it."""
    text = value._file if type(value) is _IOFile else value
    if type(text) is AnnotatedString:
        flags = text._flags
        return flag in flags and bool(flags[flag])
    return False if type(text) is str else bool(_ordinary(value, flag))
