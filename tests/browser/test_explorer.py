"""The explorer as a reader meets it: opened from the disk, clicked, typed at, downloaded from."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.browser.page import Page
from tests.browser.served import served
from tests.explorer_world import BASE, OVERVIEW, SIZE, World, write_first
from tests.unit.icare.plot_tables import METHODS, make_tables

from lethe.benchmarks.icare.explorer.page import write_page
from lethe.diffusion.metrics.specs import comparisons, quantities
from lethe.io.shards import ShardReader

pytestmark = pytest.mark.browser
ZOOM = 128 // SIZE  # pixels of the screen per pixel of a picture in an open cell

DECODED = "const [src, done] = arguments, image = new Image(); image.src = src; image.decode().then(() => setTimeout(done, 50))"

REDRAWS = """
const done = arguments[0], select = document.getElementById("metric"), times = [];
function next(place) {
  if (place === select.options.length) return done(times);
  const before = performance.now();
  select.value = place;
  select.dispatchEvent(new Event("change"));
  const told = () => { times.push(performance.now() - before); next(place + 1); };
  const painted = () => requestAnimationFrame(() => setTimeout(told));  // after the paint
  const loaded = () => (document.getElementById("main").ariaBusy ? setTimeout(loaded) : painted());
  loaded();
}
next(0);
"""


@pytest.fixture
def page(browser: Page, world: World) -> Iterator[Page]:
    """The explorer at the matrix of UCE; at its end nothing may have gone wrong in the console."""
    browser.open(world.page, "task=breeds&view=matrix&method=uce&metric=clip_diff")
    yield browser
    assert browser.faults() == []


def rounded(value: float) -> Any:
    """A value as the page shows it: two decimals of the three that the matrix keeps; the noise floor is 0.2 wide, or there is none."""
    return pytest.approx(value, abs=0.0056, nan_ok=True)


def number(text: str) -> float:
    return math.nan if text == "\u2013" else float(text.replace("\u2212", "-"))


def value(world: World, method: str, emitter: int, receiver: int, metric: str) -> float:
    rows = world.tables.pairs
    rows = rows[(rows["method"] == method) & (rows["emitter"] == emitter) & (rows["receiver"] == receiver)]
    return float(rows.loc[rows["metric"] == metric, "value"].item())


def picture(element) -> np.ndarray:
    """The picture that an element shows, one pixel of the screen per pixel of the picture."""
    image = np.array(Image.open(io.BytesIO(element.screenshot_as_png)).convert("RGB"))
    half = ZOOM // 2
    return image[half::ZOOM, half::ZOOM][:SIZE, :SIZE]


def test_a_click_shows_the_pictures_and_numbers_of_the_pair(page: Page, world: World) -> None:
    page.click_cell(2, 5)
    page.shown(1, 2, 5)
    with ShardReader(*world.shards[BASE]) as off, ShardReader(*world.shards["breeds_002_uce_000"]) as on:
        for seed in (42, 44):
            shown = page.all(f"#cell li[data-seed='{seed}'] .thumb")
            page.run("arguments[0].scrollIntoView({block: 'center'})", shown[0])
            np.testing.assert_array_equal(picture(shown[0]), off.read(f"005_{seed}.png"))
            np.testing.assert_array_equal(picture(shown[1]), on.read(f"005_{seed}.png"))
    for metric in ("clip_diff", "rmse", "dino_diff"):
        text = page.run("return document.querySelector(`#cell tr[data-metric=${arguments[0]}] td`).textContent", metric)
        assert number(text) == rounded(value(world, "uce", 2, 5, metric))
    heads = [head.get_attribute("textContent") for head in page.all("#cell .scroll thead th")]
    texts = [cell.get_attribute("textContent") for cell in page.all("#cell .scroll tr[data-seed='43'] > *")]
    row = dict(zip(heads, texts, strict=True))
    assert number(row["off: CLIP score of one image (100 \u00d7 cosine)"]) == pytest.approx(95.43, rel=6e-3)
    on_clip, rmse = (world.image("breeds_002_uce_000", 5, 43, name) for name in ("clip", "rmse"))
    assert number(row["on: CLIP score of one image (100 \u00d7 cosine)"]) == pytest.approx(on_clip, rel=6e-3)
    assert number(row["RMSE between on and off (share of the pixel range)"]) == pytest.approx(rmse, rel=6e-3)


def test_an_order_moves_cells_but_not_their_meaning(page: Page) -> None:
    page.choose("order", "height cm")  # 100 - index: the reverse
    page.click_cell(0, 2)
    page.shown(1, 9, 7)
    page.choose("order", "alike by True similarity")
    order = page.run("return plot.order")
    assert sorted(order) == list(range(10)) and order != list(range(10))
    page.click_cell(3, 4)
    page.shown(1, order[3], order[4])


def test_the_keyboard_does_all_that_the_mouse_does(page: Page) -> None:
    page.run("document.getElementById('cells').focus()")
    page.keys("ARROW_DOWN", "ARROW_DOWN", "ARROW_RIGHT", "ARROW_UP")
    assert page.run("return [state.emitter, state.receiver, state.open]") == [1, 2, False]
    page.keys("ENTER")
    page.shown(1, 1, 2)
    page.keys("ARROW_RIGHT")
    page.shown(1, 1, 3)
    page.keys(*["ARROW_LEFT"] * 9)  # stops at the edge
    page.shown(1, 1, 0)
    page.keys("ESCAPE")
    assert page.run("return [document.getElementById('cell').hidden, document.activeElement.id]") == [True, "cells"]
    assert "asked for tarvin hound dog" in page.find("#readout").text
    page.run("document.getElementById('tab-matrix').focus()")
    page.keys("ARROW_RIGHT")
    assert page.run("return [state.view, document.activeElement.id]") == ["entity", "tab-entity"]
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_matrix_is_painted_in_the_colours_of_its_values(page: Page) -> None:
    painted, wanted = page.run(
        "const value = ([row, column]) => task.value(1, state.metric, row, column);"
        "const loud = task.others(4).map((other) => [4, other]).find((pair) => !task.quiet(state.metric, value(pair)));"
        "const {data, width} = plot.canvas.getContext('2d').getImageData(0, 0, plot.canvas.width, plot.canvas.height);"
        "const pixel = ([x, y]) => [...data.slice(4 * ((y + 6) * width + x + 6), 4 * ((y + 6) * width + x + 6) + 3)];"
        "return [[4, 4], loud].map((pair) => [pixel(plot.corner(...pair)), [...task.colour(state.metric, value(pair))]])"
        ".reduce(([a, b], [one, other]) => [[...a, one], [...b, other]], [[], []])"
    )
    assert painted == wanted
    red, _, blue = painted[0]
    assert red > blue  # the unlearned entity: harm is red, as in the figures


def test_every_view_gives_its_table(page: Page, world: World) -> None:
    page.find("#download").click()
    table = page.saved("matrix_breeds_clip_diff_uce.csv")
    wanted = world.tables.pairs.query("method == 'uce' and metric == 'clip_diff'")
    both = table.merge(wanted, on=["task", "method", "metric", "emitter", "receiver"])
    assert len(both) == len(table) == 100
    np.testing.assert_allclose(both["value_x"], both["value_y"], atol=0.00051)
    page.click_cell(3, 6)
    page.shown(1, 3, 6)
    page.find("#download-seeds").click()
    seeds = page.saved("seeds_breeds_003_uce_000_6.csv").set_index("seed")
    assert np.float32(seeds.loc[44, "ssim"]) == np.float32(world.image("breeds_003_uce_000", 6, 44, "ssim"))
    assert np.float32(seeds.loc[44, "off_clip"]) == np.float32(96.44)
    page.find("#download-means").click()
    means = page.saved("cell_breeds_003_uce_000_6.csv").set_index("metric")["mean_over_seeds"]
    assert np.float32(means["rmse"]) == np.float32(value(world, "uce", 3, 6, "rmse"))
    page.find("#tab-entity").click()
    page.settled()
    page.find("#download").click()
    entity = page.saved("entity_breeds_clip_diff_uce_0.csv").set_index("other")
    assert entity.loc[4, "on_other_when_entity_is_unlearned"] == rounded(value(world, "uce", 0, 4, "clip_diff"))
    assert entity.loc[4, "on_entity_when_other_is_unlearned"] == rounded(value(world, "uce", 4, 0, "clip_diff"))
    page.find("#tab-methods").click()
    page.settled()
    page.find("#download").click()
    methods = page.saved("methods_breeds_clip_diff_0.csv").set_index("receiver")
    assert methods.loc[2, "munba"] == rounded(value(world, "munba", 0, 2, "clip_diff"))
    assert methods["retrain"].isna().all()


def test_an_entity_is_told_as_emitter_and_as_receiver(page: Page, world: World) -> None:
    page.find("#tab-entity").click()
    page.choose("entity", "3 ostrel shepherd dog")
    rows = world.tables.pairs.query("method == 'munba' and metric == 'clip_diff'")
    caused = rows[(rows["emitter"] == 3) & (rows["receiver"] != 3)]
    suffered = rows[(rows["receiver"] == 3) & (rows["emitter"] != 3)]
    texts = [cell.text for cell in page.all("#summary tr[data-method='munba'] td")]
    wanted = [value(world, "munba", 3, 3, "clip_diff"), caused["value"].mean(), suffered["value"].mean()]
    assert [number(text) for text in texts] == [rounded(one) for one in wanted]
    worst = world.tables.pairs.query("method == 'uce' and metric == 'clip_diff' and emitter == 3 and receiver != 3")
    worst = int(worst.loc[worst["value"].idxmin(), "receiver"])
    first = page.find("table[data-list='caused'] tbody th").text
    assert first == world.tables.metadata[worst]["name"].replace("_", " ")
    page.find("table[data-list='caused'] td:last-child button").click()
    page.shown(1, 3, worst)


def test_methods_side_by_side_lead_to_the_pictures(page: Page, world: World) -> None:
    page.find("#tab-methods").click()
    page.choose("entity", "3 ostrel shepherd dog")
    texts = [button.text for button in page.all("#methods tr[data-receiver='5'] button")]
    wanted = [value(world, method, 3, 5, "clip_diff") for method in ("none", "uce", "distil", "munba", "retrain")]
    assert [number(text) for text in texts] == [rounded(one) for one in wanted]
    page.all("#methods tr[data-receiver='5'] button")[4].click()
    page.shown(4, 3, 5)


def test_a_task_without_data_is_said_and_the_page_goes_on(browser: Page, world: World) -> None:
    browser.open(world.page, "task=people")
    assert browser.run("return [task.name, document.getElementById('message').hidden]") == ["breeds", False]
    assert "results/test/explorer/people" in browser.find("#message").text
    offered = [option.get_attribute("value") for option in browser.all("#task option")]
    assert offered == ["breeds", "deepunlearn_digits_mlp"] and browser.faults() == []


def test_a_link_shows_what_its_sender_saw(page: Page, world: World) -> None:
    page.choose("metric", "SSIM of on and off")
    page.click_cell(6, 1)
    page.shown(1, 6, 1)
    link = page.run("return location.hash.slice(1)")
    page.open(world.page, "task=breeds")
    assert page.run("return state.view") == "overview"
    page.run("location.hash = arguments[0]", link)
    page.shown(1, 6, 1)
    assert page.run("return task.metrics[state.metric].name") == "ssim"


def test_a_row_is_loaded_when_it_is_opened_and_no_other(page: Page, world: World) -> None:
    held = "return [[...lethe.rows.keys()], [...lethe.grids.keys()]]"
    assert page.run(held) == [[], ["breeds/metrics/clip_diff/uce"]]
    page.click_cell(2, 5)
    page.shown(1, 2, 5)
    assert page.run(held)[0] == ["breeds_002_uce_000", BASE]
    page.choose("method", "MUNBa")
    page.shown(3, 2, 5)
    assert page.run(held) == [
        ["breeds_002_uce_000", BASE, "breeds_002_munba_000"],
        ["breeds/metrics/clip_diff/uce", "breeds/metrics/clip_diff/munba"],
    ]


def test_a_slow_matrix_never_covers_a_later_choice(page: Page) -> None:
    place = "task.metrics.findIndex(({name}) => name === arguments[0])"
    page.run(f"const was = state.metric; change({{ metric: {place} }}); change({{ metric: was }})", "ssim")
    busy = "return [document.getElementById('loading').hidden, document.getElementById('main').ariaBusy, task.metrics[state.metric].name]"
    assert page.run(busy) == [True, None, "clip_diff"]
    page.wait("return lethe.grids.has('breeds/metrics/ssim/uce')")
    assert page.run(busy) == [True, None, "clip_diff"] and "CLIP score" in page.find("#direction").text


@pytest.fixture
def without(world: World) -> Iterator[Callable[[str], None]]:
    """Takes a file of the explorer away, until the end of the test."""
    taken: list[Path] = []

    def take(name: str) -> None:
        taken.append(world.page.parent / name)
        taken[-1].rename(taken[-1].with_suffix(".taken"))

    yield take
    for file in taken:
        file.with_suffix(".taken").rename(file)


def test_a_row_that_is_not_there_is_named_and_others_open(browser: Page, world: World, without: Callable[[str], None]) -> None:
    without("rows/breeds_002_uce_000/row.js")
    browser.open(world.page, "task=breeds&view=matrix&method=uce&metric=clip_diff")
    browser.click_cell(2, 5)
    browser.wait("return document.querySelector('#cell [role=alert]') !== null")
    said = browser.find("#cell [role=alert]").text
    assert "there is no file rows/breeds_002_uce_000/row.js" in said
    assert said.endswith("Make it: snakemake -c2 results/test/explorer/breeds/overview.js")
    browser.click_cell(3, 5)
    browser.shown(1, 3, 5)
    assert len(browser.faults()) == 1  # the missing file


def test_a_matrix_that_is_not_there_is_named_and_others_are_shown(
    browser: Page, world: World, without: Callable[[str], None]
) -> None:
    without("breeds/grids/metrics/rmse/uce.js")
    browser.open(world.page, "task=breeds&view=matrix&method=uce&metric=clip_diff")
    browser.choose("metric", "RMSE between on and off")
    assert "there is no file breeds/grids/metrics/rmse/uce.js" in browser.find("#message").text
    assert browser.run("return [matrix.hidden, document.getElementById('loading').hidden]") == [True, True]
    browser.choose("metric", "SSIM of on and off")
    assert browser.run("return [matrix.hidden, document.getElementById('message').hidden]") == [False, True]
    assert len(browser.faults()) == 1


def test_a_server_shows_what_the_disk_shows(browser: Page, world: World) -> None:
    with served(world.page.parent) as (url, asked):
        browser.driver.get(f"{url}/index.html#task=breeds&view=matrix&method=uce&metric=clip_diff")
        browser.wait("return performance.getEntriesByName('shown').length > 0")
        assert not [name for name in asked if name.startswith("/rows/")]
        browser.click_cell(2, 5)
        browser.shown(1, 2, 5)
        browser.wait("return document.querySelectorAll('#cell .thumb').length === 6")
        with ShardReader(*world.shards["breeds_002_uce_000"]) as on:
            (shown,) = browser.all("#cell li[data-seed='43'] .thumb")[1:]
            browser.run("arguments[0].scrollIntoView({block: 'center'})", shown)
            browser.wait("return arguments[0].style.backgroundImage !== ''", shown)
            browser.driver.execute_async_script(DECODED, "rows/breeds_002_uce_000/0.webp")
            np.testing.assert_array_equal(picture(shown), on.read("005_43.png"))
        rows = {name.split("/")[2] for name in asked if name.startswith("/rows/")}
        assert rows == {"breeds_002_uce_000", BASE}
    browser.driver.get_log("browser")  # what is not there: people, a study, a link


def test_no_model_is_not_a_zero(page: Page) -> None:
    page.choose("method", "retrain")
    page.click_cell(1, 1)
    page.wait("return document.getElementById('cell').textContent.includes('There is no such model')")
    assert "no model" in page.find("#readout").text


def test_a_hundred_entities_open_at_once_and_stay_quick(browser: Page, tmp_path: Path) -> None:
    tables = make_tables(100)
    names = comparisons(quantities())
    index = pd.MultiIndex.from_product([["uce", "distil", "munba"], [0], range(100), range(100), names])
    pairs = index.to_frame(index=False, name=["method", "epochs", "emitter", "receiver", "metric"]).assign(task="breeds")
    pairs["value"] = np.random.default_rng(0).uniform(-1, 1, len(pairs))
    kinds = {f"{kind}": records for kind, records in tables.similarity.items()}
    kinds |= {f"weights_{method}": tables.similarity["clip"] for method in ("uce", "distil", "munba")}
    folder = tmp_path / "explorer"
    write_page(folder, "large", ["breeds"])
    write_first(folder / "breeds", replace(tables, pairs=pairs, similarity=kinds), METHODS, OVERVIEW | {"worst": None}, [42])
    megabytes = sum(file.stat().st_size for file in folder.rglob("*.js")) / 1e6
    browser.open(folder / "index.html", "view=matrix")
    opened = browser.run("return performance.getEntriesByName('shown')[0].startTime")
    redraws = browser.driver.execute_async_script(REDRAWS)
    figures = {"MB": megabytes, "opened_ms": opened, "slowest_redraw_ms": max(redraws), "metrics": len(redraws)}
    print(json.dumps(figures))
    assert len(redraws) == len(names)
    assert megabytes < 5 and opened < 2000 and max(redraws) < 100, figures
    assert browser.faults() == []
