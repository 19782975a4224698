"""The explorer in the browser, in the steps of a reader."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pandas as pd
from selenium import webdriver

# every fault that axe finds, with the first element that has it
AXE = "const done = arguments[0]; axe.run().then(({violations}) => done(violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`)))"


def dressed(driver: webdriver.Chrome, scheme: str, width: int) -> None:
    """Show pages with light or dark colours, on a screen of so many pixels."""
    preference = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preference})
    metrics = {"width": width, "height": 1100, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


class Page:
    """The open explorer."""

    def __init__(self, driver, folder: Path) -> None:
        self.driver, self.downloads = driver, folder / "downloads"
        self.count = itertools.count()

    def open(self, page: Path, where: str = "") -> None:
        self.driver.get(f"file://{page}?{next(self.count)}#{where}")
        self.wait("return performance.getEntriesByName('shown').length > 0")

    def look(self, scheme: str, width: int) -> None:
        """With light or dark colours, on a screen of so many pixels."""
        dressed(self.driver, scheme, width)

    def run(self, code: str, *arguments):
        return self.driver.execute_script(code, *arguments)

    def wait(self, code: str, *arguments) -> None:
        end = time.monotonic() + 10
        while not self.run(code, *arguments):
            assert time.monotonic() < end, f"never true: {code} {arguments}"
            time.sleep(0.01)

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str):
        return self.driver.find_elements("css selector", selector)

    def choose(self, name: str, text: str) -> None:
        self.run(
            "const s = document.getElementById(arguments[0]);"
            "s.value = [...s.options].find((o) => o.text === arguments[1]).value; s.dispatchEvent(new Event('change'))",
            name,
            text,
        )
        self.settled()

    def settled(self) -> None:
        """Wait until what was chosen is loaded."""
        self.wait("return !document.getElementById('main').ariaBusy")

    def click_cell(self, row: int, column: int) -> None:
        """Click the middle of the cell at a place of the matrix (not: of an entity)."""
        x, y = self.run(
            "const {left, top} = plot.canvas.getBoundingClientRect(), [row, column] = arguments;"
            "return [left + plot.left + (column + 0.5) * plot.cellWidth, top + plot.top + (row + 0.5) * plot.cellHeight]",
            row,
            column,
        )
        actions = webdriver.ActionChains(self.driver, duration=0)
        actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
        actions.click().perform()

    def keys(self, *keys: str) -> None:
        actions = webdriver.ActionChains(self.driver, duration=0)
        for key in keys:
            actions.send_keys(getattr(webdriver.Keys, key))
        actions.perform()

    def faults(self) -> list[str]:
        """What went wrong in the console since it was read last; that a part of the page is not there is no fault."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        absent = ("/overview.js - Failed", "/links_all.js - Failed", "/links_demo.js - Failed")
        return [text for text in said if not any(name in text for name in absent)]

    def shown(self, method: int, emitter: int, receiver: int) -> None:
        """Wait until the cell is open and read."""
        self.wait(
            "return !cell.hidden && document.getElementById('cell').dataset.shown === arguments[0]",
            f"{method},{emitter},{receiver}",
        )

    def saved(self, name: str) -> pd.DataFrame:
        """The table that was downloaded under a name; a browser holds the name with an empty file until all is written."""
        file, end = self.downloads / name, time.monotonic() + 10
        while not file.exists() or file.stat().st_size == 0:
            there = [(other.name, other.stat().st_size) for other in self.downloads.iterdir()]
            assert time.monotonic() < end, f"{name} was not downloaded; there are {there}"
            time.sleep(0.01)
        table = pd.read_csv(file)
        file.unlink()
        return table
