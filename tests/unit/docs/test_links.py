"""A link of a page leads to a file and a heading that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.prose import MARKDOWN, PAGES, ROOT


def headings(page: Path) -> set[str]:
    """The anchors of a page, as forges make them: lower case, without punctuation, blanks as dashes."""
    tokens = MARKDOWN.parse(page.read_text("utf-8"))
    found: set[str] = set()
    for opened, inline in zip(tokens, tokens[1:], strict=False):
        if opened.type == "heading_open":
            words = "".join(part.content for part in inline.children or [])
            found.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return found


def links(page: Path) -> list[str]:
    """Where links and pictures of a page lead."""
    parts = [part for token in MARKDOWN.parse(page.read_text("utf-8")) for part in token.children or []]
    return [
        str(part.attrs["href" if part.type == "link_open" else "src"]) for part in parts if part.type in ("link_open", "image")
    ]


def dead(root: Path = ROOT) -> list[str]:
    """Links that lead nowhere, a line each."""
    found = []
    for page in sorted({file for pattern in PAGES for file in root.glob(pattern)}):
        for link in links(page):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists():
                found.append(f"{page.relative_to(root)}: {link}: there is no such file")
            elif anchor and target.suffix == ".md" and anchor not in headings(target):
                found.append(f"{page.relative_to(root)}: {link}: there is no such heading; there are: {sorted(headings(target))}")
    return found


def test_no_link_is_dead() -> None:
    found = dead()
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("[a](b.md) [a](#one) [a](b.md#two-words-x) [a](https://example.org) ![p](p.png)", 0),
        ("[a](c.md)", 1),
        ("![p](q.png)", 1),
        ("[a](#two)", 1),
        ("[a](b.md#one)", 1),
    ],
)
def test_a_dead_link_is_found(tmp_path: Path, text: str, number: int) -> None:
    (tmp_path / "b.md").write_text("# Two `words`: x\n")
    (tmp_path / "p.png").touch()
    (tmp_path / "a.md").write_text(f"# One\n\n{text}\n")
    assert len(dead(tmp_path)) == number


def test_pages_that_code_names_exist() -> None:
    named = {}
    for pattern in (
        "src/**/*.py",
        "rules/**/*.smk",
        "Snakefile",
        "Makefile",
        "config/**/*.yaml",
        "report/*.rst",
        "notebooks/*.ipynb",
    ):
        for file in ROOT.glob(pattern):
            for page in re.findall(r"(?<![\w/])docs/[\w-]+\.md", file.read_text("utf-8")):
                named[page] = file.relative_to(ROOT).as_posix()
    assert named
    gone = {page: file for page, file in named.items() if not (ROOT / page).is_file()}
    assert not gone, gone
