"""Hooks of MkDocs (mkdocs.yml): pages made from code, and files of the repository that pages of docs/ link to.

A page of docs/ is read on a forge too, so it links to ``../config/attacks.yaml``. The site has such a file as a page, or as a picture.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from lethe.tools.site import library_page, rules_page, settings_page

PAGES_ABOVE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages at the top of the repository -> where they stand in the site."""
MADE_OF = {"config/config.yaml": "reference/settings.md", "Snakefile": "reference/rules.md"}
"""Files that a forge shows -> the page that the site has instead."""
REFERENCE = "reference/"  # pages made from code, which link to each other only
PICTURES = (".png", ".svg", ".jpg")
LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?(?=\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the pages of the library to the navigation, under its last title."""
    home, *rooms = (f"reference/library/{name}.md" for name in library_page.pages(_root(config) / "src/lethe"))
    if not config.nav:
        raise ValueError("mkdocs.yml: nav is missing; the pages of the library are added under its last title")
    (pages,) = config.nav[-1].values()
    pages.append({"Library": [home, *rooms]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every page that is made, and what pages of docs/ link to outside of it."""
    root = _root(config)
    made = {
        "reference/settings.md": settings_page.page(),
        "reference/rules.md": rules_page.page(root),
        **{f"reference/library/{name}.md": text for name, text in library_page.pages(root / "src/lethe").items()},
        **{target: (root / source).read_text("utf-8") for source, target in PAGES_ABOVE.items()},
    }
    for uri, text in made.items():
        files.append(File.generated(config, uri, content=text))
    for file in [file for file in files.documentation_pages() if not file.src_uri.startswith(REFERENCE)]:
        for path in outside(file.content_string, _source(file.src_uri)):
            target = in_site(path)
            if not (root / path).is_file():
                raise FileNotFoundError(f"{file.src_uri} links to {path}, which is not in the repository")
            if files.get_file_from_path(target) is None:
                files.append(_shown(root, path, target, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files outside of docs/ lead to their place in the site."""
    return markdown if page.file.src_uri.startswith(REFERENCE) else moved(markdown, page.file.src_uri)


def moved(markdown: str, uri: str) -> str:
    """The text of a page with its links as they are in the site.

    Example:
        >>> moved("[a](../CHANGELOG.md) [b](claims.md#c) [c](../config/attacks.yaml)", "index.md")
        '[a](changelog.md) [b](claims.md#c) [c](files/config/attacks.yaml.md)'
    """

    def place(match: re.Match[str]) -> str:
        path = _resolved(match["path"], _source(uri))
        target = path.removeprefix("docs/") if path.startswith("docs/") else in_site(path)
        return posixpath.relpath(target, posixpath.dirname(uri) or ".") + (match["anchor"] or "")

    return LINK.sub(place, markdown)


def outside(markdown: str, source: str) -> list[str]:
    """Files of the repository outside of docs/ that a page links to."""
    paths = [_resolved(match["path"], source) for match in LINK.finditer(markdown)]
    return [path for path in dict.fromkeys(paths) if not path.startswith("docs/")]


def in_site(path: str) -> str:
    """Where a file outside of docs/ stands in the site."""
    if target := (PAGES_ABOVE | MADE_OF).get(path):
        return target
    return path if path.endswith(PICTURES) else f"files/{path}.md"


def _source(uri: str) -> str:
    """Path in the repository of a page of the site."""
    above = {target: source for source, target in PAGES_ABOVE.items()}
    return above.get(uri, f"docs/{uri}")


def _resolved(link: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _root(config: MkDocsConfig) -> Path:
    return Path(config.docs_dir).parent


def _shown(root: Path, path: str, target: str, config: MkDocsConfig) -> File:
    """A picture as it is, another file as a page with its text."""
    if path.endswith(PICTURES):
        return File.generated(config, target, abs_src_path=str(root / path))
    language = Path(path).suffix.lstrip(".")
    return File.generated(config, target, content=f"# `{path}`\n\n```{language}\n{(root / path).read_text('utf-8')}\n```\n")
