"""Loss curves: what a training says of each of its steps, kept as a table beside the model that came of it.

A training calls ``record`` at its end; who wants its curve trains within ``recorded``. So no method hands a curve on, and one that takes
no steps has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from lethe.io.tables import readable, write_csv

if TYPE_CHECKING:
    import pandas as pd

Curve = Mapping[str, Sequence[float]]
"""Name of a number -> its value at every step, all of one length."""

KEYS = ("step", "seed", "learning_rate")
LOSS = "loss"  # begins the name of each number that is a loss

_RECORDED: ContextVar[list[Curve] | None] = ContextVar("recorded", default=None)


@contextmanager
def recorded() -> Iterator[list[Curve]]:
    """Collect the curves of all trainings within the block, in their order.

    >>> with recorded() as curves:
    ...     record({"loss": [0.5, 0.25]})
    >>> curves
    [{'loss': [0.5, 0.25]}]
    """
    found: list[Curve] = []
    token = _RECORDED.set(found)
    try:
        yield found
    finally:
        _RECORDED.reset(token)


def record(curve: Curve) -> None:
    """Hand over the curve of a training that has ended; outside ``recorded`` nobody wants it."""
    if (found := _RECORDED.get()) is not None:
        found.append(curve)


def curve_table(curves: Sequence[Curve], seed: int) -> pd.DataFrame:
    """One row per step of a model's training; of several trainings, one after the other, steps are counted on.

    Args:
        curves: of one model; none: it was not trained by steps, and the table has no rows.
        seed: of the training.

    Returns:
        ``step`` (from 1), ``seed``, ``learning_rate``, and the numbers of each step before its update.

    >>> curve_table([{"learning_rate": [0.1, 0.1], "loss": [0.5, 0.25]}], seed=7)
       step  seed  learning_rate  loss
    0     1     7            0.1  0.50
    1     2     7            0.1  0.25
    """
    import pandas as pd

    found = pd.concat([pd.DataFrame(curve) for curve in curves], ignore_index=True) if curves else pd.DataFrame()
    found = found.assign(step=range(1, len(found) + 1), seed=seed)
    return found.reindex(columns=[*KEYS, *(name for name in found.columns if name not in KEYS)])


def write_curve(path: str | Path, curves: Sequence[Curve], seed: int) -> None:
    """Write ``curve_table`` as CSV, floats with six significant digits."""
    write_csv(path, curve_table(curves, seed))


def read_curve(path: str | Path) -> pd.DataFrame:
    """The table of ``write_curve``.

    Raises:
        CorruptFileError: a file of something else.
    """
    import pandas as pd

    with readable(path, "a table of a training's steps"):
        found = pd.read_csv(path)
        if missing := [name for name in KEYS if name not in found]:
            raise ValueError(f"column '{missing[0]}' is missing")
    return found
