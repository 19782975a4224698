"""The site is built without a warning, holds what it links to and loads nothing from elsewhere (half a minute)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[3]
LOADED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=[\"']?([^\"'\s>]+)[^>]*>", re.IGNORECASE)
LEADS = re.compile(r"<a\b[^>]*?\bhref=[\"']?([^\"'\s>#]+)", re.IGNORECASE)
FROM_CSS = re.compile(r"(?:url\(|@import\s+)[\"']?([^\"')]+)")
ELSEWHERE = re.compile(r"(?:[a-z]+:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}, text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def foreign(folder: Path) -> list[str]:
    """Scripts, styles, fonts and pictures that pages and styles load from elsewhere."""
    found = []
    for page in folder.rglob("*.html"):
        tags = [match[1] for match in LOADED.finditer(page.read_text("utf-8")) if 'rel="canonical"' not in match[0]]
        found += [f"{page.name}: {link}" for link in tags if ELSEWHERE.match(link)]
    for style in folder.rglob("*.css"):
        found += [f"{style.name}: {link}" for link in FROM_CSS.findall(style.read_text("utf-8")) if ELSEWHERE.match(link)]
    return found


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert foreign(site) == []


def test_every_link_and_picture_is_there(site: Path) -> None:
    gone = []
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        for link in {*LEADS.findall(text), *(match[1] for match in LOADED.finditer(text))}:
            target = unquote(link.partition("#")[0])
            if re.match(r"[a-z]+:", target) or page.name == "404.html" or not target:
                continue
            if not (page.parent / target).exists():
                gone.append(f"{page.relative_to(site)}: {link}")
    assert gone == []


def test_pages_from_code_and_of_the_navigation_are_there(site: Path) -> None:
    assert "tasks.{name}.source" in (site / "reference/settings.html").read_text("utf-8")
    assert "results/mini/tables/unlearning_{task}.csv" in (site / "reference/rules.html").read_text("utf-8")
    library = (site / "reference/library/statistics.html").read_text("utf-8")
    assert "lethe.statistics.two_way" in library and "&gt;&gt;&gt;" in library
    unlisted = [
        page.name for page in (ROOT / "docs").rglob("*.md") if f'{page.stem}.html"' not in (site / "index.html").read_text()
    ]
    assert unlisted == ["index.md"] or unlisted == [], "every page is in the navigation (mkdocs.yml)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script async src="https://x.org/a.js"></script>'),
        ("a.html", "<link rel=stylesheet href=//fonts.example/css>"),
        ("a.html", '<img alt="" src="http://x.org/a.png">'),
        ("a.css", "@font-face { src: url(https://x.org/a.woff2) }"),
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert len(foreign(tmp_path)) == 1
