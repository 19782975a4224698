"""Lighthouse's score of accessibility of every kind of page: ``python -m tests.browser.lighthouse results/mini site``.

Needs node. ``npm install lighthouse@12.8.2`` in any folder, and ``LIGHTHOUSE=FOLDER/node_modules/.bin/lighthouse``. Folders may hold a world (its
answer, tables and explorer are looked at) or the documentation as a site (``make docs``). Prints a score of 100 per page, and the audits
that a page does not pass; ends with 1 if a score is below 95.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.browser import FLAGS, install
from tests.browser.served import served

LEAST = 95
SITE = ("index", "run", "claims", "read-the-tables", "glossary", "reference/settings", "reference/library/answer")
VIEWS = ("overview", "matrix", "entity", "methods")


def pages(folder: Path) -> list[str]:
    """Addresses of the pages of a world or of the site, below its folder; of tables of one kind the first."""
    if not (explorer := folder / "explorer").is_dir():
        return [f"{name}.html" for name in SITE]
    found = [file.name for file in sorted(folder.glob("answer_*.html"))]
    kinds = {file.stem.rsplit("_", 1)[0]: f"tables/{file.name}" for file in sorted(folder.glob("tables/*.html"), reverse=True)}
    tasks = [file.parent.name for file in sorted(explorer.glob("*/data.js"))]
    parts = [file.parent.name for file in sorted(explorer.glob("*/overview.js")) if file.parent.name not in tasks]
    views = [f"explorer/index.html#task={tasks[0]}&view={view}" for view in VIEWS] if tasks else []
    views += [f"{views[1]}&emitter=0&receiver=1&open=yes"] if tasks else []
    return [*found, *sorted(kinds.values()), *views, *(f"explorer/index.html#task={part}" for part in parts)]


def looked_at(url: str, program: str) -> dict[str, Any]:
    """What Lighthouse says of a page."""
    chromium, _ = install()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        flags = " ".join(flag for flag in FLAGS if not flag.startswith("--window-size"))
        command = [program, url, "--only-categories=accessibility", "--output=json", f"--output-path={report}", "--quiet"]
        subprocess.run(
            [*command, "--preset=desktop", f"--chrome-flags={flags}"], env=os.environ | {"CHROME_PATH": chromium}, check=True
        )
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def main(folders: list[str]) -> int:
    program = os.environ.get("LIGHTHOUSE", "lighthouse")
    worst = 100
    for name in folders:
        folder = Path(name).resolve()
        with served(folder) as (url, _):
            for page in pages(folder):
                report = looked_at(f"{url}/{page}", program)
                score = round(100 * report["categories"]["accessibility"]["score"])
                failed = [audit["id"] for audit in report["audits"].values() if audit["score"] == 0]
                print(f"{score:3d} {name}/{page} {' '.join(failed)}", flush=True)
                worst = min(worst, score)
    print(f"least: {worst} of 100, wanted: {LEAST}")
    return 0 if worst >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
