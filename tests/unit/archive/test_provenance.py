"""What a run was made with, from real checkouts, benchmarks and lock files."""

from __future__ import annotations

import os
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from lethe.archive.provenance import full_config, git_state, host, job_times, keep_workflow, run_record, software
from lethe.workflow.configuration import load_configuration

ROOT = Path(__file__).parents[3]
HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    return subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a file.py").write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("results/\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    (checkout / "results").mkdir()
    (checkout / "results/ignored").write_text("")
    assert git_state(checkout) == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False, "changed": [], "reason": None}


def test_changed_and_new_files_are_named(checkout: Path) -> None:
    (checkout / "a file.py").write_text("x = 2\n")
    (checkout / "new.py").write_text("")
    state = git_state(checkout)
    assert (state["dirty"], state["changed"]) == (True, ["a file.py", "new.py"])


def test_without_git_the_reason_is_told(checkout: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    archive = tmp_path_factory.mktemp("archive")
    state = git_state(archive)
    assert state["commit"] is state["dirty"] is state["changed"] is None
    assert "not a git repository" in state["reason"] and str(archive) not in state["reason"]
    (checkout / "unpacked").mkdir()
    assert "inside the git checkout of something else" in git_state(checkout / "unpacked")["reason"]
    monkeypatch.setenv("PATH", str(archive))
    assert git_state(checkout)["reason"] == "git is not installed"


def test_installed_versions_are_compared_with_the_lock(tmp_path: Path) -> None:
    found = software(ROOT / "requirements.lock")["packages"]
    assert found["snakemake"] and found["torch"] and found["diffusers"]
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        f"numpy==0.0.1\n    # via scipy\nnot-there-at-all==1.0\nsnakemake=={found['snakemake']} \\\n    --hash=sha256:0\n"
        "torch==0.1 ; sys_platform == 'no system' \\\n    --hash=sha256:0\n"
    )
    record = software(lock)
    assert record["packages"] == {"numpy": found["numpy"], "not-there-at-all": None, "snakemake": found["snakemake"]}
    assert record["not_as_locked"] == {"numpy": {"installed": found["numpy"], "locked": "0.0.1"}}


def test_the_machine_is_described_without_its_name() -> None:
    machine = host()
    assert machine["cpus"] >= 1 and machine["memory_gb"] > 0.1 and machine["cpu"]
    assert os.uname().nodename not in str(machine)


def test_times_are_summed_per_rule(tmp_path: Path) -> None:
    rows = {"score/a.tsv": "10\t0\t300\t1\t1\t1\t0\t0\t90\t9.5", "score/b.tsv": "5.5\t0\t400\t1\t1\t1\t0\t0\t90\t5"}
    rows |= {"tiny/all.tsv": "0.1\t0\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA", "provenance/all.tsv": "99\t0\t9\t1\t1\t1\t0\t0\t9\t9"}
    for end, (name, row) in enumerate(rows.items()):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(HEADER + row + "\n")
        os.utime(file, (1000 + end, 1000 + end))
    assert job_times(tmp_path) == {
        "start": "1970-01-01T00:16:30+00:00",
        "end": "1970-01-01T00:16:42+00:00",
        "rules": {
            "score": {"jobs": 2, "seconds": 15.5, "cpu_seconds": 14.5, "max_rss_mb": 400.0},
            "tiny": {"jobs": 1, "seconds": 0.1, "cpu_seconds": 0.0, "max_rss_mb": None},
        },
    }
    assert job_times(tmp_path / "none") == {"start": None, "end": None, "rules": {}}


@pytest.mark.parametrize("overlay", [None, "config/paper.yaml", "config/fashion_mnist.yaml", "tests/workflow/smoke.yaml"])
def test_the_merged_configuration_gives_the_same_run(overlay: str | None) -> None:
    base = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    merged = deepcopy(base)
    if overlay:
        update_config(merged, yaml.safe_load((ROOT / overlay).read_text()))
    settings = load_configuration(merged)
    written = yaml.safe_load(yaml.safe_dump(full_config(merged, settings.model_dump(mode="json"))))
    update_config(base, written)
    assert load_configuration(base) == settings


def test_the_record_holds_together(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("world: mini\n")
    record = run_record(ROOT, "demo", tmp_path / "config.yaml", {"score": "abc"}, tmp_path / "benchmarks", {"cpus": 2})
    assert (record["target"], record["host"], record["code"]["fingerprints"]) == ("demo", {"cpus": 2}, {"score": "abc"})
    assert len(record["configuration_sha256"]) == len(record["software"]["lock_sha256"]) == 64


def test_the_workflow_is_kept_with_its_places(tmp_path: Path) -> None:
    keep_workflow(ROOT, [ROOT / "Snakefile", ROOT / "rules/diffusion/score.smk"], tmp_path / "workflow")
    kept = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert kept == ["workflow/Snakefile", "workflow/rules/diffusion/score.smk"]
