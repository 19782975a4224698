"""What hyper-parameter searches found, from the configuration or from searches of this workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lethe.io.tables import read_json
from lethe.settings.strict import Strict


class Found(Strict):
    """What the search of one method found, and what it cost.

    Attributes:
        values: hyper-parameters.
        norm: of the four objectives (``lethe.classifiers.search``); None: nothing that was tried gave finite scores.
        trials: how many were run.
        seconds: that all of them took.
        norm_retrained, norm_floor: norms of exact unlearning and of retrained models of other seeds; the same for all methods of a study.
    """

    values: dict[str, int | float]
    norm: float | None
    trials: int
    seconds: float
    norm_retrained: float
    norm_floor: float


def read_search(path: str | Path) -> Found:
    """What a search wrote; it also holds the norm of doing nothing, which is left out."""
    content = read_json(path)
    return Found.model_validate({name: content[name] for name in Found.model_fields})


def found_of(shipped: Found | None, search: Path | None) -> Found:
    """What is used for a method: what the configuration keeps, or else the file of its search.

    Raises:
        ValueError: neither is given.
    """
    if shipped:
        return shipped
    if search is None:
        raise ValueError("there is neither a kept result nor the file of a search")
    return read_search(search)


def found_of_study(shipped: Mapping[str, Found], searches: Sequence[Path]) -> dict[str, Found]:
    """Method -> what is used for it: what the configuration keeps, or else the files of searches, ``{method}.json``."""
    return dict(shipped) or {path.stem: read_search(path) for path in searches}
