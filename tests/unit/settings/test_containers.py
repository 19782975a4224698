"""The recipes of containers name files that are there, and the Python of the conda environment; CI builds none."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "envs/Dockerfile").read_text()
APPTAINER = (ROOT / "envs/apptainer.def").read_text()


def copied_by_docker() -> list[tuple[list[str], str]]:
    """(sources, target) of every COPY, in order."""
    found = [line.split()[1:] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    return [(words[:-1], words[-1]) for words in found]


def copied_by_apptainer() -> list[str]:
    files = re.search(r"^%files\n(.*?)\n\n", APPTAINER, re.DOTALL | re.MULTILINE)
    assert files is not None
    sources, targets = zip(*(line.split() for line in files[1].splitlines()), strict=True)
    assert set(targets) == {"/lethe/"}
    return list(sources)


def test_what_is_copied_is_there() -> None:
    copied = [source for sources, _ in copied_by_docker() for source in sources] + copied_by_apptainer()
    assert len(copied) > 10 and not [name for name in copied if not (ROOT / name).exists()]


def test_python_is_one() -> None:
    environment = (ROOT / "envs/lethe.yaml").read_text()
    python = re.search(r"^  - python=([\d.]+)$", environment, re.MULTILINE)
    assert python is not None
    assert re.findall(r"^(?:FROM|From:) (\S+)$", DOCKERFILE + APPTAINER, re.MULTILINE) == [f"python:{python[1]}-slim"] * 2


def test_the_packages_come_from_what_is_copied_first(tmp_path: Path) -> None:
    """The layer of packages: its command runs with the files that are copied before it, and with no package at all."""
    before, command = DOCKERFILE.split("RUN ", maxsplit=1)
    for sources, target in copied_by_docker()[: before.count("COPY")]:
        (tmp_path / target).mkdir(exist_ok=True)
        for source in sources:
            shutil.copy(ROOT / source, tmp_path / target)
    assert command.startswith("python envs/install.py --packages-only ") and "python envs/install.py --torch cuda" in APPTAINER
    assert {"requirements.lock", "requirements-cuda.lock"} <= {path.name for path in tmp_path.iterdir()}
    help_ = [sys.executable, "-I", "-S", "envs/install.py", "--help"]
    assert "--packages-only" in subprocess.run(help_, cwd=tmp_path, capture_output=True, text=True, check=True).stdout


def test_the_image_of_apptainer_holds_the_whole_workflow() -> None:
    """Every folder of the repository, but for documents, tests and ways into it; Docker copies all."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    folders = {name.split("/")[0] for name in listed if "/" in name and not name.startswith(".")}
    assert folders - {"docs", "tests", "workflow"} <= set(copied_by_apptainer())


def test_no_address_of_a_registry_is_written_down() -> None:
    assert "http" not in DOCKERFILE + APPTAINER
