"""Texts and lists of unknown length in messages."""

from __future__ import annotations

import pytest

from lethe.io.wording import ENDS, by_its_ends, listed, shortened, some_of


@pytest.mark.parametrize(
    ("names", "most", "expected"),
    [
        (["a"], None, "'a'"),
        (["a", "b"], None, "'a' and 'b'"),
        (["a", "b", "c"], 3, "'a', 'b' and 'c'"),
        (["a", "b", "c", "d"], 2, "'a', 'b' and 2 more"),
        (["a", "b"], 1, "'a' and 1 more"),
    ],
)
def test_a_list_is_a_phrase(names: list[str], most: int | None, expected: str) -> None:
    assert listed(names, most) == expected


def test_long_texts_are_cut() -> None:
    long = "a" * 200 + "z"
    assert by_its_ends(long).startswith("aaa") and by_its_ends(long).endswith("az") and len(by_its_ends(long)) <= ENDS
    assert by_its_ends("a" * ENDS) == "a" * ENDS
    assert shortened("b" * 81) == "b" * 80 + "..." and shortened("x\ny\u202e") == "x?y?"
    assert some_of(list("abcdef")) == "6 (a, b, c, d, e, ...)"
