"""The documentation as a site: its search, and what axe finds in pages of every kind, in both colour schemes and on two screens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tests.browser.browser import start
from tests.browser.page import AXE, dressed

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PAGES = ("index", "run", "claims", "read-the-tables", "reference/settings", "reference/library/answer")
SCHEME = "document.body.setAttribute('data-md-color-scheme', arguments[0])"  # the theme keeps the one that a reader chose last
STILL = "document.head.insertAdjacentHTML('beforeend', '<style>* { transition: none !important }</style>')"  # else axe meets colours half-way
SHORT = (
    "document.querySelectorAll('tbody').forEach((rows) => [...rows.rows].slice(4).forEach((row) => row.remove()))"  # axe is slow
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


@pytest.mark.parametrize("scheme", ["default", "slate"])
@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_no_fault(driver: webdriver.Chrome, site: Path, scheme: str, width: int) -> None:
    dressed(driver, "light", width)
    for name in PAGES:
        driver.get(f"file://{site / name}.html")
        driver.execute_script(STILL)
        driver.execute_script(SCHEME, scheme)
        driver.execute_script(SHORT)
        driver.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
        assert driver.execute_async_script(AXE) == [], name
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("name", ["index", "reference/library/answer"])
def test_the_search_needs_no_server(driver: webdriver.Chrome, site: Path, name: str) -> None:
    dressed(driver, "light", 1400)
    driver.get(f"file://{site / name}.html")
    driver.get_log("browser")  # of pages before
    field = driver.find_element(By.CSS_SELECTOR, ".md-search__input")
    field.click()
    field.send_keys("maximum mean discrepancy")
    found = WebDriverWait(driver, 30).until(lambda _: driver.find_elements(By.CSS_SELECTOR, ".md-search-result__link"))
    pages = [str(link.get_attribute("href")).partition("#")[0] for link in found]
    assert f"file://{site}/glossary.html" in pages and all(Path(page.removeprefix("file://")).is_file() for page in pages)
    assert driver.get_log("browser") == []
