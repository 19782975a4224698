"""Two stages overlap, keep the order, hand on errors in their place and stop when nobody listens."""

from __future__ import annotations

import threading
import time

import pytest

from lethe.diffusion.overlap import overlapped


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_order_and_results(ahead: int) -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item + 1

    assert list(overlapped(range(12), slow_first, lambda half: 10 * half, ahead)) == [10 * (item + 1) for item in range(12)]


def test_the_first_stage_runs_during_the_second() -> None:
    started = threading.Event()

    def first(item: int) -> int:
        if item == 1:
            started.set()
        return item

    def second(half: int) -> bool:
        return started.wait(timeout=60) if half == 0 else True  # ends only if item 1 is begun meanwhile

    assert list(overlapped(range(2), first, second, 1)) == [True, True]


@pytest.mark.parametrize("ahead", [1, 2])
def test_no_more_than_asked_is_under_way(ahead: int) -> None:
    begun: list[int] = []

    def first(item: int) -> int:
        begun.append(item)
        return item

    for done in overlapped(range(10), first, lambda half: half, ahead):
        time.sleep(0.005)
        assert len(begun) <= done + 1 + ahead
    assert begun == list(range(10))


@pytest.mark.parametrize("ahead", [0, 1, 3])
@pytest.mark.parametrize("stage", ["first", "second"])
def test_an_error_comes_at_its_place(ahead: int, stage: str) -> None:
    def fail_at_two(item: int) -> int:
        if item == 2:
            raise ValueError("item 2 is broken")
        return item

    stages = (fail_at_two, lambda half: half) if stage == "first" else (lambda item: item, fail_at_two)
    results = overlapped(range(6), *stages, ahead)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="item 2 is broken"):
        next(results)


def test_closing_ends_the_threads() -> None:
    before = threading.active_count()
    results = overlapped(range(100), lambda item: item, lambda half: half, 1)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
