"""Another workflow uses this one as a module, as `snakedeploy` writes it (config/README.md)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.workflow.conftest import ROOT

pytestmark = pytest.mark.workflow
FILE = "results/mini/metadata_objects_2_enriched_filtered.json"


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "-c1", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """A folder with the configuration and the Snakefile of config/README.md, and nothing else."""
    written = next(
        text for text in re.findall(r"```\n(.*?)```", (ROOT / "config/README.md").read_text(), re.DOTALL) if "module" in text
    )
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").write_text(written.replace("/path/to/lethe", str(ROOT)))
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def test_a_job_of_the_module_runs_in_the_folder_of_the_user(deployed: Path) -> None:
    done = snakemake(deployed, FILE)
    assert done.returncode == 0, done.stderr
    assert (deployed / FILE).is_file()


def test_without_a_target_everything_is_planned(deployed: Path) -> None:
    done = snakemake(deployed, "-n", "--quiet", "rules")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^everything +1$", done.stdout + done.stderr, re.MULTILINE)


def test_the_catalog_finds_what_it_looks_for() -> None:
    """The three files of a standardised workflow; conda is offered, so its environment is there."""
    assert all((ROOT / name).is_file() for name in ("workflow/Snakefile", "config/README.md"))
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] and (ROOT / "envs/lethe.yaml").is_file()
