"""Another workflow uses this one as a module, as `snakedeploy` writes it (config/README.md)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.started import run_python
from tests.workflow.conftest import ROOT

pytestmark = pytest.mark.workflow
FILE = "results/mini/metadata_objects_2_enriched_filtered.json"


def snakemake(folder: Path, *words: str) -> str:
    """What a run in ``folder`` says; its package is that of the module, not one beside the tests."""
    done = run_python(["-m", "snakemake", "-c1", "--quiet", "rules", *words], folder, os.environ)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def deployed(folder: Path, snakefile: str) -> Path:
    """A folder with the configuration and the Snakefile of config/README.md, and nothing else."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "config/README.md").read_text(), re.DOTALL)
    written = next(text for text in blocks if "module lethe" in text)
    (folder / "workflow").mkdir(parents=True)
    (folder / "workflow/Snakefile").write_text(written.replace('"/path/to/lethe/workflow/Snakefile"', snakefile))
    shutil.copytree(ROOT / "config", folder / "config")
    return folder


def test_a_module_of_a_checkout_plans_everything_without_a_target(tmp_path: Path) -> None:
    here = deployed(tmp_path, f'"{ROOT}/workflow/Snakefile"')
    assert re.search(r"\beverything +1\b", snakemake(here, "-n"))


def test_a_module_of_a_repository_brings_the_whole_commit(tmp_path: Path) -> None:
    """As of a forge, where Snakemake has a clone and fetches single files of it."""
    clone = tmp_path / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    git = ["git", "-C", str(clone), "-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    here = deployed(tmp_path / "here", f'gitfile("{clone}", path="workflow/Snakefile", ref="main")')
    snakemake(here, "--", FILE)
    assert (here / FILE).is_file()
    (laid,) = (here / ".snakemake/lethe").iterdir()
    assert (laid / "src/lethe/__init__.py").is_file() and re.fullmatch("[0-9a-f]{40}", laid.name)


def test_the_catalog_finds_what_it_looks_for() -> None:
    """The three files of a standardised workflow; conda is offered, so its environment is there."""
    assert all((ROOT / name).is_file() for name in ("workflow/Snakefile", "config/README.md"))
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] and (ROOT / "envs/lethe.yaml").is_file()
