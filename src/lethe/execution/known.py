"""Whether a function of Snakemake is as it is known here: what is not is not replaced."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any


def takes(function: Any, parameters: Sequence[str]) -> bool:
    """Whether this is a function with these parameters, in this order.

    Example:
        >>> takes(lambda self, job: None, ["self", "job"]), takes(None, [])
        (True, False)
    """
    return callable(function) and list(inspect.signature(function).parameters) == list(parameters)
