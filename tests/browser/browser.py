"""A headless Chromium for tests; Debian's, which the first start installs as root."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PACKAGES = ("chromium", "chromium-driver")
FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1100",
    "--force-device-scale-factor=1",
    "--force-color-profile=srgb",
)


def install() -> tuple[str, str]:
    """Paths of Chromium and its driver.

    Raises:
        RuntimeError: if they are missing and cannot be installed.
    """
    if not all(shutil.which(program) for program in ("chromium", "chromedriver")):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise RuntimeError(
                f"the browser tests need Debian's {' and '.join(PACKAGES)}; installing them needs root and apt-get"
            )
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
            subprocess.run(["apt-get", "--quiet", *command], env=quiet, check=True)
    return str(shutil.which("chromium")), str(shutil.which("chromedriver"))


def start(folder: Path) -> webdriver.Chrome:
    """A browser with an empty profile in ``folder / "profile"`` that downloads into ``folder / "downloads"``."""
    chromium, driver = install()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    (folder / "downloads").mkdir()
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))
