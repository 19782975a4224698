"""What Snakemake would do, without doing it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Clone, planned_jobs, planned_messages

pytestmark = pytest.mark.workflow
ORDER = ["input", "output", "log", "benchmark", "conda", "threads", "resources", "params", "message", "script"]


def rules() -> list[tuple[str, str]]:
    """(name, text) of every rule of rules/*.smk that does something."""
    found = []
    for file in sorted((ROOT / "rules").glob("*.smk")):
        for part in re.split(r"^(?=(?:use )?rule )", file.read_text(), flags=re.MULTILINE)[1:]:
            name = re.match(r"(?:use )?rule (\w+)", part)
            assert name is not None
            if part.startswith("rule") and name[1] not in ("bench", "deepunlearn", "deepunlearn_search"):
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


def test_paper_is_planned_in_few_jobs(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "--", "all", config="config/paper.yaml")
    jobs = planned_jobs(output)
    assert sum(jobs.values()) < 5000
    assert {name: jobs[name] for name in ("unlearn", "generate", "score", "splits")} == {
        "unlearn": 120,
        "generate": 120,
        "score": 120,
        "splits": 30,
    }


def test_literal_slurm_command_resolves(clone: Clone) -> None:
    jobs = planned_jobs(clone.snakemake("--profile", "slurm", "-n", "--quiet", "rules", "--", "all", config=None))
    assert jobs["unlearn"] == 16 and jobs["retrain"] == 4


def test_membership_is_part_of_all_where_a_task_has_unseen_images(clone: Clone) -> None:
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "all", config=None))
    found = {name: count for name, count in jobs.items() if name.startswith("membership")}
    assert found == {"membership": 12, "membership_baseline": 3, "membership_retrain": 3, "membership_table": 3}
    demo = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "demo", config=None))
    assert not [name for name in demo if name.startswith("membership")]
    table = "results/mini/tables/membership_objects.csv"
    refused = clone.snakemake("-n", table, config=None, check=False)
    assert refused.startswith("exit 1") and "no entity has an image it never saw" in refused
    shown = "scoring={membership: {members: unlearning}}"
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--config", shown, "--", table, config=None))
    assert jobs["membership"] == 4 and jobs["membership_table"] == 1


def test_one_figure_needs_its_task_only(clone: Clone) -> None:
    output = clone.snakemake("-n", "results/mini/figures/similarity_matrix_people.png", config=None)
    messages = planned_messages(output)
    assert any("people" in message for message in messages)
    assert not [message for message in messages if "breeds" in message or "objects" in message]
    assert "unlearn" not in planned_jobs(output)


def test_one_figure_of_the_paper_needs_its_method_only(clone: Clone) -> None:
    figure = "results/paper/figures/MSA/task=breeds--method=uce--metric=ssim--similarity=clip.png"
    output = clone.snakemake("-n", figure, config="config/paper.yaml")
    jobs = planned_jobs(output)
    assert jobs["unlearn"] == jobs["generate"] == jobs["score"] == 10 and "task_tables" not in jobs
    assert not [message for message in planned_messages(output) if re.search(r"\b(distil_module|munba|people|scenes)\b", message)]


def test_effects_of_deviations_need_the_published_munba_on_one_task(clone: Clone) -> None:
    every = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "all", config=None))
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "results/mini/tables/fidelity.csv", config=None))
    assert "fidelity" not in every and jobs["fidelity"] == 1 and jobs["published_similarities"] == 4
    assert all(jobs[name] == every[name] + 1 for name in ("unlearn", "generate", "score"))


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


def test_a_base_of_ones_own_is_examined_by_the_plan(clone: Clone, tiny_folder: Path, tmp_path: Path) -> None:
    base = shutil.copytree(tiny_folder, tmp_path / "own")

    def plan(target: str, path: Path, *methods: str) -> str:
        bases, chosen = f"bases={{objects: {{source: pretrained, path: {path}}}}}", f"methods=[{', '.join(methods)}]"
        shown = "scoring={membership: {members: unlearning}}"
        return clone.snakemake("-n", target, "--quiet", "rules", "--config", bases, chosen, shown, check=False)

    missing = plan("tables", tmp_path / "nowhere", "none", "uce")
    assert missing.startswith("exit 1") and f"bases.objects.path: {tmp_path}/nowhere: no such pipeline folder" in missing
    scheduler = base / "scheduler/scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace('"epsilon"', '"v_prediction"'))
    refused = plan("tables", base, "none", "uce", "distil")
    assert refused.startswith("exit 1") and "tasks.objects.base: 'objects': its prediction_type is 'v_prediction'" in refused
    jobs = planned_jobs(plan("all", base, "none", "uce"))
    assert jobs["base_local"] == 1 and jobs["unlearn"] == 2 and "base" not in jobs and "membership" not in jobs


def test_training_from_nothing_is_planned(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "--", "all", config="tests/workflow/train.yaml")
    trained = {name: count for name, count in planned_jobs(output).items() if name.startswith("train")}
    assert trained == {"train_vae": 1, "train_tokenizer": 1, "train_base": 1, "train_retrain": 1, "train_evaluator": 3}


def test_documented_files_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / path).exists(), f"README.md links to {path}"
    assert Path(ROOT / "slurm").is_symlink()
