"""Pages of reference are made from code: settings from their types, rules from Snakemake, the library from its examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from lethe.settings.downloads import Downloads
from lethe.settings.grids import Grid
from lethe.settings.models import Settings
from lethe.settings.strict import Strict
from lethe.tools.site import library_page, settings_page
from lethe.tools.site.docstrings import readable

ROOT = Path(__file__).parents[3]


class Inner(Strict):
    speed: Literal["slow", "fast"] = Field("slow", description="how | fast")
    names: list[Annotated[str, Field(max_length=5)]] = Field(default_factory=lambda: ["a"], description="of <b>")


class Outer(Strict):
    size: int = Field(3, ge=1, description="of it")
    inner: Inner = Inner()
    by_name: dict[str, Inner] = {}


def test_a_setting_is_a_row() -> None:
    found = {key.path: key for key in settings_page.keys(Outer.model_json_schema())}
    assert list(found) == [
        "size", "inner", "inner.speed", "inner.names", "by_name", "by_name.{name}.speed", "by_name.{name}.names",
    ]  # fmt: skip
    assert found["size"] == ("size", "integer", "3", "at least 1", "of it")
    assert found["inner.speed"].allowed == "`slow`, `fast`" and found["inner.speed"].default == '"slow"'
    assert found["inner.names"].type == "list of text" and "at most 5 characters" in found["inner.names"].allowed


def test_no_text_breaks_the_table() -> None:
    page = settings_page.page(Outer.model_json_schema())
    assert "how \\| fast" in page and "of &lt;b>" in page
    whole = settings_page.page().splitlines()
    assert all(line.replace("\\|", "").count("|") == 6 for line in whole if line.startswith("|"))


def test_every_section_and_every_key_is_there() -> None:
    keys = {key.path for key in settings_page.keys(Settings.model_json_schema())}
    assert keys >= set(Settings.model_fields) and "tasks.{name}.source" in keys and "generation.steps" in keys
    models = (Settings, Downloads, Grid)
    silent = [key.path for model in models for key in settings_page.keys(model.model_json_schema()) if not key.meaning]
    assert not silent, "a key has no description"


def test_the_library_is_what_has_examples(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room/__init__.py").write_text('"""A room.\n\nMore."""\n')
    (tmp_path / "room/used.py").write_text('"""Used.\n\nExample:\n    >>> 1\n    1\n"""\n')
    (tmp_path / "room/inner.py").write_text('"""Not called by users."""\n')
    pages = library_page.pages(tmp_path)
    assert list(pages) == ["index", "room"] and "::: lethe.room.used" in pages["room"] and "inner" not in pages["room"]
    assert "| [room](room.md) | A room. |" in pages["index"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Args:\n    a, b: n.\n    c: m.", "Args:\n    a: n.\n    b: n.\n    c: m."),
        ("  Example:\n    >>> 1", "  Examples:\n    >>> 1"),
        ("Add.\n\n>>> 1\n1", "Add.\n\nExamples:\n    >>> 1\n    1"),
        ("First, second: nothing.", "First, second: nothing."),
    ],
)
def test_docstrings_are_written_out(text: str, said: str) -> None:
    assert readable(text) == said
