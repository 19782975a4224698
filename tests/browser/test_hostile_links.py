"""Links and data from anybody: no foreign script runs, no name becomes HTML or a formula; ``pytest -m browser``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.browser.page import Page
from tests.explorer_world import OVERVIEW, World, write_first
from tests.file_server import FileServer, serving
from tests.unit.icare.plot_tables import make_tables

from lethe.benchmarks.icare.explorer.page import PARTS, write_page

pytestmark = pytest.mark.browser
EVIL = "window.evil = 1; "
OWN = {name for name in PARTS if name.endswith(".js")} | {"links_all.js", "links_demo.js", "breeds/data.js"}
OWN |= {f"{part}/overview.js" for part in ("people", "breeds", "deepunlearn_digits_mlp", "deepunlearn_digits_cnn")}


@pytest.fixture(scope="module")
def world(world: World) -> World:
    """With a script beside the page that is not its own."""
    beside = world.page.parents[1] / "evil"
    beside.mkdir()
    (beside / "data.js").write_text(EVIL)
    return world


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving(monkeypatch) as server:
        server.files = {"data.js": EVIL.encode(), "a.js": EVIL.encode(), "a.png": b"x"}
        yield server


def test_only_tasks_of_the_page_are_loaded(browser: Page, world: World, server: FileServer) -> None:
    code = f"data:text/javascript,{EVIL}//"
    names = [
        code,
        quote(code),
        f"{server.url}x",
        server.url.removeprefix("http:") + "x",
        "../evil",
        f"file://{world.page.parents[1]}/evil",
    ]
    names += [
        "breeds/../../evil",
        "./breeds",
        "Breeds",
        "breeds ",
        "",
        "__proto__",
        "constructor",
        "javascript:alert(1)",
        "blob:x",
        "\0breeds",
    ]
    for name in names:
        browser.open(world.page, f"task={quote(name)}&view=matrix&method=uce")
        seen = browser.run(
            "return [window.evil === undefined, task.name, state.method, document.getElementById('message').textContent]"
        )
        assert seen[:3] == [True, "breeds", 1], name
        if name:
            assert seen[3].startswith("This page has no task") and seen[3].endswith("It has: breeds, deepunlearn_digits_mlp."), (
                name
            )
        own = browser.run("return [...document.scripts].map((one) => one.getAttribute('src'))")
        assert set(own) <= OWN, own
    assert not server.requests
    browser.driver.get_log("browser")  # that people has no data


def test_the_policy_stops_what_would_get_in_elsewhere(browser: Page, world: World, server: FileServer) -> None:
    browser.open(world.page, "task=breeds")
    blocked = browser.driver.execute_async_script(
        """
        const [url, done] = arguments, seen = [];
        document.addEventListener("securitypolicyviolation", (event) => {
          seen.push(event.effectiveDirective);
          if (seen.length === 4) done(seen);
        });
        const add = (name, values) => document.head.append(Object.assign(document.createElement(name), values));
        add("script", { src: url + "a.js" });
        add("script", { textContent: "window.evil = 1" });
        add("script", { src: "data:text/javascript,window.evil = 1" });
        new Image().src = url + "a.png";
        """,
        server.url,
    )
    assert sorted(blocked) == ["img-src", "script-src-elem", "script-src-elem", "script-src-elem"]
    assert browser.run("return window.evil === undefined") and not server.requests
    browser.driver.get_log("browser")


def test_a_name_is_text_and_never_html(browser: Page, tmp_path: Path) -> None:
    tables, name = replace(make_tables(10), similarity={}), "<img src=x onerror='window.evil = 1'>"
    for record in tables.metadata:
        record |= {"name": f"{name} {record['index']}", "<b>key</b>": name}
    texts = json.loads(json.dumps(OVERVIEW | {"worst": None}).replace("UCE", name).replace("counted", name))
    page = tmp_path / "explorer"
    write_page(page, name, ["breeds"])
    write_first(page / "breeds", tables, ["uce", "munba"], texts, [42])
    for view in ("overview", "matrix", "entity", "methods"):
        browser.open(page / "index.html", f"view={view}&message={quote(name)}&order={quote(name)}")
        assert browser.run(
            "return [document.images.length, document.querySelectorAll('b').length, window.evil === undefined]"
        ) == [0, 0, True]
        assert name in browser.find("body").text + browser.run("return document.title")
    browser.driver.get_log("browser")  # pictures that are not there


def test_text_of_a_table_is_no_formula_and_numbers_stay(browser: Page, world: World) -> None:
    browser.open(world.page, "task=breeds")
    texts = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx", " =1", "\uff1d1", '=HYPERLINK("http://a","b")']
    plain = ["a=b", "1-2", "it's", "", "x, y", 'say "a"']
    text = browser.run("return csv([arguments[0], arguments[1], [-0.5, 1e-7, -3, NaN, null]])", texts, plain)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == [f"'{value}" for value in texts] and rows[1] == plain
    assert rows[2] == ["-0.5", "1e-7", "-3", "", ""]
