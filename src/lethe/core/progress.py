"""How a job tells what it does: the log, and rate and time left of a loop."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

DECIDES_NO_RESULT = "tells what a job does"

T = TypeVar("T")
log = logging.getLogger("lethe")


def progress(items: Iterable[T], total: int, unit: str, what: str, per_item: int = 1) -> Iterator[T]:
    """Iterate with rate and time left, on the terminal (tqdm) and every 10 s in the log.

    Args:
        items: what to iterate over.
        total: number of units in all (images, steps).
        unit: name of one unit.
        what: what is being done, e.g. ``"generate objects_003_uce_000"``.
        per_item: units that one item stands for.
    """
    from tqdm import tqdm

    begin = last = time.monotonic()
    done = 0
    with tqdm(total=total, unit=unit, desc=what, file=sys.stderr, mininterval=5, disable=not sys.stderr.isatty()) as bar:
        for item in items:
            yield item
            step = min(per_item, total - done)
            done += step
            bar.update(step)
            now = time.monotonic()
            if now - last > 10 or done >= total:
                rate = done / max(now - begin, 1e-9)
                log.info(
                    "%s: %d/%d %ss, %.1f %ss/s, %.0f s left",
                    what,
                    done,
                    total,
                    unit,
                    rate,
                    unit,
                    (total - done) / max(rate, 1e-9),
                )
                last = now
