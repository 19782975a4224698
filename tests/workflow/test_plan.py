"""What Snakemake would do, without doing it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Clone

pytestmark = pytest.mark.workflow
ORDER = ["input", "output", "log", "benchmark", "conda", "threads", "resources", "params", "message", "script"]


def rules() -> list[tuple[str, str]]:
    """(name, text) of every rule of rules/*.smk that does something."""
    found = []
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for part in re.split(r"^(?=(?:use )?rule )", file.read_text(), flags=re.MULTILINE)[1:]:
            name = re.match(r"(?:use )?rule (\w+)", part)
            assert name is not None
            if part.startswith("rule") and name[1] != "bench":
                found.append((name[1], part))
    return found


@pytest.mark.parametrize(("name", "text"), rules(), ids=[name for name, _ in rules()])
def test_every_rule_has_its_shape(name: str, text: str) -> None:
    keys = re.findall(r"^    (\w+):", text, flags=re.MULTILINE)
    assert re.search(r'^    """.+', text, flags=re.MULTILINE), f"{name} has no docstring"
    missing = set(ORDER) - set(keys) - {"input"}
    assert not missing, f"{name} lacks {missing}"
    present = [key for key in keys if key in ORDER]
    assert present == sorted(present, key=ORDER.index), f"{name}: order is {present}"
    assert re.search(r"^        code=", text, flags=re.MULTILINE), f"{name} has no code fingerprint"


def test_no_code_in_rules() -> None:
    for file in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]:
        text = file.read_text()
        for banned in (r"^\s+run:", r"\blambda\b", r"glob_wildcards", r"^checkpoint ", r"^\s+shell:"):
            assert not re.search(banned, text, flags=re.MULTILINE), f"{file.name} uses {banned}"


def total(output: str) -> int:
    found = re.search(r"^total\s+(\d+)", output, flags=re.MULTILINE)
    assert found is not None, output[-2000:]
    return int(found[1])


def test_paper_is_planned_in_few_jobs(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "all", config="config/paper.yaml")
    assert 300 < total(output) < 5000
    for job, count in {"unlearn": 120, "generate": 120, "score": 120, "splits": 30}.items():
        assert re.search(rf"^{job}\s+{count}$", output, flags=re.MULTILINE), f"{job}: not {count} jobs of ten targets"


def test_literal_slurm_command_resolves(clone: Clone) -> None:
    assert total(clone.snakemake("--profile", "slurm", "-n", "--quiet", "rules", "all", config=None)) > 50


def test_one_figure_needs_its_task_only(clone: Clone) -> None:
    output = clone.snakemake("-n", "results/mini/figures/similarity_matrix_people.png", config=None)
    assert "task=people" in output and "task=breeds" not in output and "rule unlearn" not in output


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("wrld=1", "wrld: unknown key 'wrld'"),
        ("methods=[uec]", "'uec' is unknown; allowed:.*did you mean 'uce'"),
    ],
)
def test_a_wrong_configuration_is_one_message(clone: Clone, config: str, message: str) -> None:
    output = clone.snakemake("-n", "all", "--config", config, check=False)
    assert output.startswith("exit 1") and re.search(message, output)
    assert "Traceback" not in output


def test_training_from_nothing_is_planned(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "all", config="tests/workflow/train.yaml")
    for job in ("train_vae", "train_tokenizer", "train_base", "train_retrain", "train_evaluator"):
        assert re.search(rf"^{job}\s", output, flags=re.MULTILINE)


def test_documented_files_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / path).exists(), f"README.md links to {path}"
    assert Path(ROOT / "slurm").is_symlink()
