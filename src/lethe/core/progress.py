"""How a job tells what it does: the log, and rate and time left of a loop."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

DECIDES_NO_RESULT = "tells what a job does"
EVERY = 60.0  # seconds between two lines of a log

T = TypeVar("T")
log = logging.getLogger("lethe")
_SUBJECT: ContextVar[str] = ContextVar("subject", default="")


@contextmanager
def subject(name: str) -> Iterator[None]:
    """Progress within the block stands under this name, such as that of the model that is trained."""
    token = _SUBJECT.set(name)
    try:
        yield
    finally:
        _SUBJECT.reset(token)


def progress(
    items: Iterable[T],
    total: int,
    unit: str,
    what: str,
    per_item: int = 1,
    note: Callable[[], str] | None = None,
    inner: bool = False,
) -> Iterator[T]:
    """Iterate with rate and time left: a bar on a terminal, a line a minute in the log, and one at the end.

    Args:
        items: what to iterate over.
        total: number of units in all (images, steps).
        unit: name of one unit.
        what: what is being done, e.g. ``"generate objects_003_uce_000"``; ``subject`` stands before it.
        per_item: units that one item stands for.
        note: gives what else a line says, such as a loss. It is asked once a minute, since a GPU may have to be waited for.
        inner: whether this is a part of a loop that tells its own end: then what takes less than a minute says nothing.
    """
    from tqdm import tqdm

    what = f"{_SUBJECT.get()} {what}".strip()
    begin = last = time.monotonic()
    done = 0
    shown = sys.stderr.isatty()
    with tqdm(total=total, unit=unit, desc=what, file=sys.stderr, mininterval=5, disable=not shown, leave=False) as bar:
        for item in items:
            yield item
            step = min(per_item, total - done)
            done += step
            bar.update(step)
            now = time.monotonic()
            if now - last > EVERY or (done >= total and not inner):
                rate = done / max(now - begin, 1e-9)
                more = f", {note()}" if note is not None else ""
                left = duration((total - done) / max(rate, 1e-9))
                log.info("%s: %d/%d %ss%s, %.3g %ss/s, %s left", what, done, total, unit, more, rate, unit, left)
                last = now


def duration(seconds: float) -> str:
    """A time as a reader says it.

    >>> duration(42.3), duration(600), duration(9000)
    ('42 s', '10 min', '2 h 30 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def brief(values: Mapping[str, Any]) -> str:
    """Names and numbers for a line of a log, numbers in three digits; lists and mappings are left out.

    >>> brief({"steps": 900, "loss_last": 0.12345678901234567, "norms": [1.0]})
    'steps 900, loss_last 0.123'
    """
    plain = {name: value for name, value in values.items() if not isinstance(value, list | dict)}
    return ", ".join(f"{name} {f'{value:.3g}' if isinstance(value, float) else value}" for name, value in plain.items())
