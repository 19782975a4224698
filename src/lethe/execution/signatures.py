"""Which parameters a function of a rule has is looked up once, and not for every job.

Snakemake reads the signature of each input, parameter and resource function three times a job, 25 microseconds each: some 200,000 times in
a plan of 10,000 models. It has no setting for it, so one of its functions is replaced by one with the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import common, rules
from snakemake.logging import logger

from lethe.execution.known import takes

NAME = "get_function_params"
OVERWRITTEN = getattr(
    common, "FUNC_OVERWRITE_PARAMS_ATTR", ""
)  # where Snakemake keeps parameters that a function only says it has
USERS = (common, rules)  # modules that call the function by this name
_ordinary: Any = getattr(common, NAME, None)
_known: dict[tuple[Any, bool], Any] = {}


def parameters_of(func: Callable[..., Any]) -> Any:
    """Name -> parameter of a function, in order, as Snakemake tells them."""
    own = getattr(func, "__func__", func)  # of a method, which is a new object each time
    if hasattr(func, OVERWRITTEN):
        return _ordinary(func)
    key = own, own is func
    try:
        if key not in _known:
            _known[key] = _ordinary(func)
        return _known[key]
    except TypeError:  # an object with no hash
        return _ordinary(func)


def keep_signatures() -> bool:
    """From here on signatures are kept; returns whether they are. A Snakemake that is not as known here stays as it is."""
    known = OVERWRITTEN and takes(_ordinary, ["func"])
    if not known or any(getattr(user, NAME, None) not in (_ordinary, parameters_of) for user in USERS):
        logger.warning("Snakemake reads signatures in another way than known here: a large plan takes longer")
        return False
    for user in USERS:
        setattr(user, NAME, parameters_of)
    return True
