"""Every kind of file that a rule writes is explained: as a file in docs/design/files.md, or as a table in docs/columns.md."""

from __future__ import annotations

import re

import pytest
from tests.prose import ROOT

from lethe.tools.site import rules_page

MENTIONED = re.compile(r"`results/mini/([^`]+)`")


def kind(path: str) -> str:
    """A path up to its first wildcard or choice: what its kind of file begins with."""
    return re.split(r"[{*]", path)[0]


def unexplained(written: set[str], pages: str) -> list[str]:
    """Paths that begin like none of those that the pages explain; a folder explains what is in it."""
    known = tuple({kind(path) for path in re.findall(r"`([^`]+)`", pages)} - {""})
    return sorted(path for path in written if not path.startswith(known))


def test_every_kind_of_file_is_explained() -> None:
    written = {path for path in MENTIONED.findall(rules_page.page(ROOT)) if " " not in path}
    pages = "".join((ROOT / name).read_text("utf-8") for name in ("docs/design/files.md", "docs/columns.md"))
    assert len(written) > 200
    assert not unexplained(written, pages)


@pytest.mark.parametrize(
    ("path", "number"),
    [("pairs_{task}.parquet", 0), ("explorer/a.js", 0), ("new/{task}.csv", 1), ("new.json", 1), ("on_{a}.tar", 0)],
)
def test_a_file_that_nobody_explains_is_found(path: str, number: int) -> None:
    assert len(unexplained({path}, "`pairs_{task}.parquet` `explorer/` `on_{b,c}.tar`")) == number
