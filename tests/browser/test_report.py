"""The report as a reader meets it: from opening it to the main result of a task, its interval and its checks; ``pytest -s`` prints the clicks.

The world is the smallest demo, which the first test makes; ``LETHE_REPORT=results/mini/report.html`` looks at a report that is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import frame_to_be_available_and_switch_to_it, visibility_of_element_located
from selenium.webdriver.support.wait import WebDriverWait
from tests.browser.browser import start
from tests.browser.page import AXE, dressed
from tests.workflow.conftest import clone_to

pytestmark = pytest.mark.browser
MOST = 2  # clicks
MAIN = re.compile(r"harms? what should have stayed")  # the finding that the page is about
INTERVAL = re.compile(r"\d+ % \[\d+, \d+\]")
ON_SCREEN = "const {top, bottom} = arguments[0].getBoundingClientRect(); return top >= 0 && bottom <= innerHeight"

SHORT = "document.querySelectorAll('#t tbody tr').forEach((row, place) => place < 5 || row.remove())"  # rows are alike, and axe is slow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report beside its world."""
    if named := os.environ.get("LETHE_REPORT"):
        return Path(named).resolve()
    clone = clone_to(tmp_path_factory.mktemp("reported") / "le the")
    clone.snakemake("-c2", "demo", "--report-after-run", "--report", "results/smoke/report.html")
    return clone.folder / "results/smoke/report.html"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


def told(report: Path) -> dict[str, list[str]]:
    """Task or study -> what the terminal says of it."""
    (answer,) = report.parent.glob("answer_*.txt")
    found: dict[str, list[str]] = {}
    for line in answer.read_text().splitlines():
        if line[:2] in ("+ ", "- "):
            subject, _, sentences = line[2:].partition(": ")
            found.setdefault(subject, []).append(sentences)
    return found


def test_the_main_result_of_every_task_is_two_clicks_away_with_its_interval_and_its_checks(
    driver: webdriver.Chrome, report: Path
) -> None:
    sentences = told(report)
    tasks = [task for task, said in sentences.items() if any(MAIN.search(sentence) for sentence in said)]
    assert tasks, "no task tells whom forgetting harms"
    for task in tasks:
        driver.get(f"file://{report}")
        WebDriverWait(driver, 30).until(visibility_of_element_located((By.PARTIAL_LINK_TEXT, "Begin with the answer"))).click()
        clicks = 1
        WebDriverWait(driver, 30).until(frame_to_be_available_and_switch_to_it((By.TAG_NAME, "iframe")))
        heading = WebDriverWait(driver, 30).until(visibility_of_element_located((By.XPATH, f"//h3[text()='{task}']")))
        shown = heading.find_elements(By.XPATH, "following-sibling::ul[1]/li")
        (main,) = [finding for finding in shown if MAIN.search(finding.text)]
        checks = heading.find_element(By.XPATH, "following-sibling::p[1]")
        if not all(driver.execute_script(ON_SCREEN, element) for element in (main, checks)):
            driver.find_element(By.LINK_TEXT, task).click()
            clicks += 1
        assert all(driver.execute_script(ON_SCREEN, element) for element in (main, checks)), "one screen"
        assert [finding.text for finding in shown] == sentences[task], "the page says what the terminal says"
        assert INTERVAL.search(main.text) or "0 of" in main.text or " 0 " in main.text, main.text
        assert re.search(r"[✕◐○●] .*(hold|not measured)", checks.text), checks.text
        print(f"{task}: {clicks} clicks to: {main.text} | {checks.text}")
        assert clicks <= MOST


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_no_fault_in_the_answer_and_in_pages_of_tables(
    driver: webdriver.Chrome, report: Path, scheme: str, width: int
) -> None:
    dressed(driver, scheme, width)
    for page in [*report.parent.glob("answer_*.html"), *sorted((report.parent / "tables").glob("*.html"))]:
        driver.get(f"file://{page}")
        driver.execute_script(SHORT)
        driver.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
        assert driver.execute_async_script(AXE) == [], page.name
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"), page.name
    dressed(driver, "light", 1400)


def test_a_table_leads_back_to_the_answer(driver: webdriver.Chrome, report: Path) -> None:
    (answer,) = report.parent.glob("answer_*.html")
    driver.get(f"file://{answer}")
    link = driver.find_element(By.CSS_SELECTOR, ".next a[href^='tables/']")
    driver.get(link.get_property("href"))
    back = driver.find_element(By.CSS_SELECTOR, "#back a")
    back.click()
    assert driver.current_url == f"file://{answer}".replace(" ", "%20")


def test_headings_of_a_table_have_no_buttons_on_paper_and_sort_again_afterwards(driver: webdriver.Chrome, report: Path) -> None:
    driver.get(f"file://{next((report.parent / 'tables').glob('harm_*.html'))}")
    heads = (
        "return [...document.querySelectorAll('#t thead th')].map((th) => [th.textContent, th.querySelectorAll('button').length])"
    )
    before = driver.execute_script(heads)
    assert all(buttons == 1 for _, buttons in before)
    driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert driver.execute_script(heads) == [[text, 0] for text, _ in before]
    driver.execute_script("dispatchEvent(new Event('afterprint'))")
    assert driver.execute_script(heads) == before
    driver.find_element(By.CSS_SELECTOR, "#t thead th button").click()
    assert driver.find_element(By.CSS_SELECTOR, "#t thead th").get_attribute("aria-sort") == "ascending"
