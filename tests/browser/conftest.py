"""What the tests in the browser share: a small published world and a browser to open its page in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.browser.browser import start
from tests.browser.page import Page
from tests.explorer_world import World, write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write_world(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("browser")
    driver = start(folder)
    yield Page(driver, folder)
    driver.quit()
