"""Two stages of work on a sequence, the second behind the first: the GPU samples a batch while the last one is decoded.

A sampled batch still has to be decoded, copied to the host, checked and encoded; done in between, the GPU waits for all of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Half = TypeVar("Half")
Whole = TypeVar("Whole")


def overlapped(
    items: Iterable[Item], first: Callable[[Item], Half], second: Callable[[Half], Whole], ahead: int
) -> Generator[Whole, None, None]:
    """Yield ``second(first(item))`` for every item, in the order of ``items``.

    Args:
        items: what to work on.
        first, second: the stages. Each runs in one thread of its own, so calls of one stage never overlap.
        ahead: items under way besides the one that is waited for; 0 does everything in the calling thread.

    Raises:
        What a stage raises, at the place of its item: results of the items before it come first. When the iterator ends,
        is closed or raises, no stage is running any more.
    """
    if not ahead:
        for item in items:
            yield second(first(item))
        return
    waiting: deque[tuple[Future[Half], Future[Whole]]] = deque()
    with ThreadPoolExecutor(1, "first") as one, ThreadPoolExecutor(1, "second") as two:
        try:
            for item in items:
                half = one.submit(first, item)
                waiting.append((half, two.submit(_continued, second, half)))
                if len(waiting) > ahead:
                    yield waiting.popleft()[1].result()
            while waiting:
                yield waiting.popleft()[1].result()
        finally:
            for pair in waiting:
                for future in pair:
                    future.cancel()


def _continued(second: Callable[[Half], Whole], half: Future[Half]) -> Whole:
    return second(half.result())
