"""Parts of a shard, scored at once on the processor: each by a thread of its own, with one thread of torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
FEWEST = 2  # images of a part: for one alone torch multiplies otherwise, and last digits differ


def each_part(count: int, batch_size: int, threads: int, score: Callable[[slice], T]) -> list[T]:
    """``score`` of every part of ``count`` images, in their order.

    Networks use a processor better so than with as many threads in each operation, between which most operations cannot be divided
    well (docs/performance.md). Scores are those of a batch as large as a part; how large it is changes last bits at most.

    Args:
        count: of images.
        batch_size: most images that are scored at once, by all threads together.
        threads: how many parts at once; 1 is the calling thread, whose torch may use as many threads as it is set to.
        score: called with the rows of a part. With several threads it must not change what the others see.

    Examples:
        >>> each_part(10, 6, 2, lambda rows: (rows.start, rows.stop))
        [(0, 3), (3, 6), (6, 8), (8, 10)]
    """
    if threads == 1:
        return [score(part) for part in _parts(count, batch_size, 1)]
    with _one_thread_each(), _pool(threads) as pool:
        return list(pool.map(score, _parts(count, batch_size, threads)))


def _parts(count: int, batch_size: int, threads: int) -> Iterator[slice]:
    for start in range(0, count, batch_size):
        size = min(batch_size, count - start)
        number = max(1, min(threads, size // FEWEST))
        ends = [start + size * place // number for place in range(number + 1)]
        yield from (slice(*pair) for pair in zip(ends, ends[1:], strict=False))


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(threads, "score")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)  # after an error nobody waits for the other parts


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Threads that begin inside compute with one thread of torch."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
