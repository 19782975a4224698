"""The first page of the explorer: what was found, the worst pairs, methods that sort, checks; for every reader."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from tests.browser.page import AXE, Page
from tests.explorer_world import BASE, OVERVIEW, World

from lethe.benchmarks.icare.explorer.data import script
from lethe.io.atomic import write_text

pytestmark = pytest.mark.browser
VIEWS = [
    "task=breeds",
    "task=deepunlearn_digits_mlp",
    "task=breeds&view=matrix",
    "task=breeds&view=matrix&method=uce&emitter=2&receiver=5&open=yes",
    "task=breeds&view=entity",
    "task=breeds&view=methods",
]


@pytest.fixture
def page(browser: Page, world: World) -> Iterator[Page]:
    """The explorer as it opens; at its end nothing may have gone wrong in the console."""
    browser.open(world.page)
    yield browser
    assert browser.faults() == []


def test_the_page_opens_on_pictures_of_the_worst_pair_and_one_click_shows_every_seed(page: Page) -> None:
    assert page.run("return [state.view, part]") == ["overview", "breeds"]
    assert "Every method forgets." in page.find(".found").text
    worst = page.find(".worst[data-method='munba']")
    assert worst.find_element("tag name", "h3").text == "MUNBa forgot ostrel hound dog. Asked for fenwold setter dog:"
    runs = [thumb.get_attribute("data-run") for thumb in worst.find_elements("css selector", ".thumb")]
    assert runs == [BASE] * 3 + ["breeds_002_munba_000"] * 3
    assert "\u22123.46; two seeds of the base differ by \u22120.20 to 0.20" in worst.text
    assert "No pair is harmed by UCE." in page.find("#overview").text
    worst.find_element("css selector", "button").click()
    page.shown(3, 2, 5)


def test_headings_sort_and_what_is_not_known_comes_last(page: Page) -> None:
    def order() -> list[str]:
        return [row.get_attribute("data-method") for row in page.all(".methods tbody tr")]

    head = page.all(".methods th .sort")[1]
    head.click()
    assert order() == ["MUNBa", "UCE", "ESD"]
    head.click()
    assert order() == ["UCE", "MUNBa", "ESD"] and page.all(".methods thead th")[1].get_attribute("aria-sort") == "descending"
    page.find("#download").click()
    table = page.saved("overview_breeds.csv").set_index("method")
    assert table.loc["MUNBa", "Pairs harmed"] == pytest.approx(0.09)


def test_checks_stand_worst_first_with_their_verdicts(page: Page) -> None:
    assert [cell.text for cell in page.all(".checks .sign")] == ["\u2715 does not hold", "\u25cf holds"]
    assert page.find(".tally").text == "\u2715 1 does not hold   \u25cf 1 holds"


def test_other_benchmarks_have_an_overview_and_no_pairs(page: Page) -> None:
    page.choose("task", "digits_mlp")
    assert page.run("return [part, task]") == ["deepunlearn_digits_mlp", None]
    assert [tab.is_enabled() for tab in page.all("[role=tab]")] == [True, False, False, False]
    assert "UCE" in page.find(".methods").text and not page.all(".worst")
    page.choose("task", "breeds")
    page.wait("return document.querySelectorAll('.worst').length === 1")


def test_an_overview_without_its_pairs_says_how_to_make_them(browser: Page, world: World) -> None:
    beside = world.page.parent / "people/overview.js"
    write_text(beside, script("overview", "people", OVERVIEW))
    browser.open(world.page, "task=people&view=matrix")
    assert browser.run("return [part, task, state.view]") == ["people", None, "overview"]
    assert browser.find("#message").text.endswith("Make it: snakemake -c2 results/test/explorer/people/overview.js")
    assert "UCE" in browser.find(".methods").text and len(browser.faults()) == 1  # the missing data.js
    beside.unlink()


def test_only_a_page_that_is_there_is_linked(page: Page) -> None:
    links = [(link.text, link.get_attribute("href").rsplit("/", 1)[1]) for link in page.all("#links a")]
    assert links == [("The answer", "answer_demo.html")]


def test_cells_within_the_noise_are_hatched_and_the_legend_says_so(browser: Page, world: World) -> None:
    browser.open(world.page, "task=breeds&view=matrix&method=none&metric=clip_diff")
    several = "return new Set(plot.canvas.getContext('2d').getImageData(...plot.corner(1, 2), plot.cellWidth, 8).data).size"
    assert browser.run(several) > 2, "a cell without change has lines"
    assert "two seeds of the base differ by \u22120.20 to 0.20" in browser.find("#noise").text
    quiet = (
        "const m = task.metrics.findIndex(({name}) => name === arguments[0]); return arguments[1].map((v) => task.quiet(m, v))"
    )
    assert browser.run(quiet, "clip_diff", [-0.3, -0.1, 0.1, 0.3]) == [False, True, True, False]
    assert browser.run(quiet, "ssim", [0.3, 0.5, 0.9]) == [False, True, True], "alike beyond two seeds is no damage"
    assert browser.run(quiet, "rmse", [0.0]) == [False], "without a floor nothing is noise"


def test_the_matrix_takes_the_width_that_there_is(browser: Page, world: World) -> None:
    browser.open(world.page, "task=breeds&view=matrix&method=uce")
    share = "return plot.canvas.clientWidth / document.getElementById('matrix').clientWidth"
    assert browser.run(share) > 0.9
    browser.click_cell(2, 5)
    browser.shown(1, 2, 5)
    assert 0.4 < browser.run(share) < 0.6, "an open cell has the other half"


def test_a_method_without_a_model_is_named(browser: Page, world: World) -> None:
    browser.open(world.page, "task=breeds&view=methods&entity=0")
    assert browser.find("#absent").text.startswith(
        "retrain has no column: it has no model of tarvin hound dog in this run, but of"
    )


def test_on_paper_colours_are_light_and_every_picture_is_loaded(browser: Page, world: World) -> None:
    browser.look("dark", 400)
    browser.open(world.page, "task=breeds&view=matrix&method=uce&emitter=2&receiver=5&open=yes")
    browser.shown(1, 2, 5)
    ink = "return [getComputedStyle(plot.canvas).getPropertyValue('--ink').trim(), document.querySelectorAll('.thumb').length]"
    hidden = "return [...document.querySelectorAll('.thumb')].filter((thumb) => !thumb.style.backgroundImage).length"
    dark, pictures = browser.run(ink)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(ink) == ["#111", pictures] and pictures == 6 and browser.run(hidden) == 0
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(ink) == [dark, pictures] and dark != "#111"
    browser.look("light", 1400)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_no_fault_and_nothing_is_wider_than_the_screen(browser: Page, world: World, scheme: str, width: int) -> None:
    browser.look(scheme, width)
    for view in VIEWS:
        browser.open(world.page, view)
        if "open=yes" in view:
            browser.shown(1, 2, 5)
        browser.run(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
        assert browser.driver.execute_async_script(AXE) == [], view
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), view
        beyond = "return [...document.querySelectorAll('#overview .scroll')].filter((table) => table.scrollWidth > table.clientWidth).length"
        assert browser.run(beyond) == 0, "tables of the overview are read without moving them"
    browser.look("light", 1400)
