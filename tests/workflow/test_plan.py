"""What Snakemake would do, without doing it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import textwrap
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.started import run_python
from tests.workflow.conftest import ROOT, Clone, clone_to, planned_jobs, planned_messages

from lethe.classifiers import PROVIDERS
from lethe.classifiers.methods import METHODS as OF_CLASSIFIERS
from lethe.diffusion.methods import METHODS
from lethe.execution.run import Given, bind, load_function
from lethe.settings.models import Settings

pytestmark = pytest.mark.workflow
ORDINARY = {"objects", "canvas", "noise"}  # names that are words, or targets
OF_CANVAS = len(Settings().methods_of("canvas")) - 1  # batches of its models, but for retrained ones
ORDER = ["input", "output", "log", "benchmark", "conda", "resources", "params", "message", "script"]


FORMS = ("use rule job as", "use rule studio_job as")  # of rules that share resources and script


def rules() -> list[tuple[str, str]]:
    """(name, text) of every rule of rules/*.smk that does something; those of a loop without its indentation."""
    found = []
    for file in sorted((ROOT / "rules").rglob("*.smk")):
        for part in re.split(r"^(?= *(?:use )?rule\b[ :])", file.read_text(), flags=re.MULTILINE)[1:]:
            text = textwrap.dedent(re.split(r"^for ", part, flags=re.MULTILINE)[0])
            name = re.match(r"(?:use rule \w+ as|rule) (\w+)", text) or re.search(
                r'name:\n +(?:shape\.name\()?(?:f?")?([\w{}.]+)', text
            )
            assert name is not None
            if text.startswith(("rule", *FORMS)) and name[1] not in (
                "job",
                "studio_job",
                "bench",
                "deepunlearn",
                "deepunlearn_evaluations",
                "deepunlearn_search",
                "deepunlearn_weights",
                "deepunlearn_lira_search",
                "deepunlearn_draws",
                "deepunlearn_variance",
                "canvas",
                "canvas_editing",
                "canvas_grid",
                "canvas_robustness",
                "tracking",
            ):
                found.append((name[1], text))
    return found


@pytest.mark.parametrize(("name", "text"), rules(), ids=[name for name, _ in rules()])
def test_every_rule_has_its_shape(name: str, text: str) -> None:
    keys = re.findall(r"^    (\w+):", text, flags=re.MULTILINE)
    assert re.search(r'^    """.+', text, flags=re.MULTILINE), f"{name} has no docstring"
    shared = {"conda", "resources", "script"} if text.startswith(FORMS) else set()
    shared |= (
        {"output", "benchmark"} if name == "inputs" else set()
    )  # it looks and makes nothing, so it runs whenever it is asked for
    missing = set(ORDER) - set(keys) - {"input", "threads"} - shared
    assert not missing, f"{name} lacks {missing}"
    present = [key for key in keys if key in ORDER]
    assert present == sorted(present, key=ORDER.index), f"{name}: order is {present}"
    assert re.search(r"^        job=plan\.job\(", text, flags=re.MULTILINE), f"{name} names no function"


def test_every_rule_says_something_of_its_own(clone: Clone) -> None:
    """Also one that is another rule with some other words; rules for batches of other sizes say the same."""
    listed = re.findall(r"^(\w+) \((.+?)\)?$", clone.snakemake("-l", config=None), flags=re.MULTILINE)
    said = Counter(text for text, _ in {(text, re.sub(r"_\d+$", "", name)) for name, text in listed})
    assert len(listed) > 200 and not [text for text, count in said.items() if count > 1]


def test_rules_name_no_method_task_or_data_set() -> None:
    """They take names from the plan, which takes them from settings and registries."""
    names = {*METHODS, *OF_CLASSIFIERS, *PROVIDERS, *Settings().tasks, *Settings().deepunlearn.datasets} - ORDINARY
    for file in [ROOT / "Snakefile", *(ROOT / "rules").rglob("*.smk")]:
        code = re.sub(r'""".*?"""|#.*', "", file.read_text(), flags=re.DOTALL)
        code = re.sub(
            r"message:\n.*|bench[\w./:]*|lethe\.tools\.speed[\w.:]*", "", code
        )  # a benchmark is called by what it measures
        found = {name for name in names if re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", code)}
        assert not found, f"{file.name} names {found}"


def test_no_code_in_rules() -> None:
    for file in [ROOT / "Snakefile", *(ROOT / "rules").rglob("*.smk")]:
        text = file.read_text()
        for banned in (r"^\s+run:", r"\blambda\b", r"glob_wildcards", r"^checkpoint ", r"^\s+shell:"):
            assert not re.search(banned, text, flags=re.MULTILINE), f"{file.name} uses {banned}"


def test_paper_is_planned_in_few_jobs(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "--", "all", config="config/paper.yaml")
    jobs = planned_jobs(output)
    assert len(output.splitlines()) <= 60  # what `make plan` prints
    assert "data/lfw_race.csv is missing" in output and "utkface" in output.partition("Job stats")[0]
    assert sum(jobs.values()) < 5000
    assert {name: jobs[name] for name in ("unlearn", "generate", "score", "score_apart", "splits")} == {
        "unlearn": 120,
        "generate": 120,
        "score": 120,
        "score_apart": 120,
        "splits": 30,
    }
    assert jobs["lira_models"] == 64 and jobs["lira_forget"] == 6 * 64  # a split of large networks each


def test_the_paper_is_planned_from_what_rules_fetch(clone: Clone) -> None:
    """All three tasks without a file by hand, on a machine that has none of the data; what is to be fetched is named."""
    overlays = ["--configfile", "config/paper.yaml", "config/paper_fetched.yaml"]
    output = clone.snakemake("-n", "--quiet", "rules", *overlays, "--", "inputs", "all", config=None)
    jobs = planned_jobs(output)
    fetched = {"base_pretrained": 1, "evaluator_pretrained": 2, "download": 6, "unpack": 3, "fetch_classification_data": 4}
    each = dict.fromkeys(("source", "metadata", "receivers", "latents", "summary"), 3)
    assert {name: jobs[name] for name in (*fetched, *each, "unlearn")} == {**fetched, **each, "unlearn": 120}
    assert "missing" not in output and "put_by_hand" not in jobs
    told = run_python(["-m", "lethe", "inputs", *overlays], clone.folder, clone.environment(), apart=True)
    rows = told.stdout.splitlines()[1:-1]
    assert told.returncode == 1 and len(rows) == 13 and all(row.startswith("to fetch") for row in rows), told.stdout


def test_inputs_of_the_paper_are_fetched_by_local_rules(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "--", "inputs", config="config/paper.yaml")
    fetched = {"base_pretrained": 1, "evaluator_pretrained": 2, "download": 6, "unpack": 3, "fetch_classification_data": 4}
    assert planned_jobs(output) == {**fetched, "inputs": 1} and "missing" not in output
    local = re.search(r"^localrules:\n((?:    \w+,\n)+)", (ROOT / "Snakefile").read_text(), flags=re.MULTILINE)
    assert local and fetched.keys() | {"put_by_hand", "inputs"} <= set(re.findall(r"\w+", local[1]))
    stopped = clone.snakemake("-c1", "--", "results/paper/sources/people.tar", config="config/paper.yaml", check=False)
    assert stopped.startswith("exit 1") and "data/lfw_race.csv is missing" in stopped and "Job stats" not in stopped


def test_u_lira_has_a_search_of_its_own(clone: Clone) -> None:
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "deepunlearn_lira_search", config=None))
    assert jobs["lira_models"] == jobs["lira_tuning_models"] == 2 and jobs["lira_search"] == 21
    said, own = (
        "results/mini/deepunlearn/digits/mlp/lira/000-063/ft.safetensors",
        "deepunlearn={lira: {digits: {search: {trials: 2}}}}",
    )
    with_own = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--config", own, "--", said, config=None))
    assert with_own["lira_search"] == 1 and "search_hyperparameters" not in with_own


def test_literal_slurm_command_resolves(clone: Clone) -> None:
    jobs = planned_jobs(clone.snakemake("--profile", "slurm", "-n", "--quiet", "rules", "--", "all", config=None))
    assert jobs["unlearn"] == 16 + OF_CANVAS and jobs["unlearn_1"] == 8  # a retrained model has a job of its own


@pytest.fixture(scope="module")
def everything(clone: Clone) -> dict[str, int]:
    """The jobs of `all` in the shipped configuration."""
    return planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "all", config=None))


def test_membership_is_part_of_all_where_a_task_has_unseen_images(clone: Clone, everything: dict[str, int]) -> None:
    found = {name: count for name, count in everything.items() if name.startswith("membership")}
    assert found == {"membership": 12, "membership_baseline": 3, "membership_1": 3, "membership_table": 3}
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


def test_effects_of_deviations_need_the_published_munba_on_one_task(clone: Clone, everything: dict[str, int]) -> None:
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "results/mini/tables/fidelity.csv", config=None))
    assert "fidelity" not in everything and jobs["fidelity"] == 1 and jobs["published_similarities"] == 4
    assert all(jobs[name] == everything[name] - OF_CANVAS + 1 for name in ("unlearn", "generate", "score"))


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
    assert missing.startswith("exit 1") and f"bases.objects.path: '{tmp_path}/nowhere' does not exist" in missing
    scheduler = base / "scheduler/scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace('"epsilon"', '"v_prediction"'))
    refused = plan("tables", base, "none", "uce", "munba_published")
    assert refused.startswith("exit 1") and "tasks.objects.base: 'objects': its prediction_type is 'v_prediction'" in refused
    jobs = planned_jobs(plan("all", base, "none", "uce", "distil"))
    assert jobs["base_local"] == 1 and jobs["unlearn"] == 3 and "base" not in jobs and "membership" not in jobs


REFUSED_OVERLAYS = {
    "a key twice": ("seed: 1\nseed: 2\n", "key 'seed' is given twice"),
    "null": ("tasks: null\n", "tasks: Input should be .*, got None"),
}


@pytest.mark.parametrize("what", REFUSED_OVERLAYS)
def test_a_wrong_overlay_is_one_message(clone: Clone, tmp_path: Path, what: str) -> None:
    text, message = REFUSED_OVERLAYS[what]
    (tmp_path / "overlay.yaml").write_text(text)
    output = clone.snakemake("-n", "all", config=str(tmp_path / "overlay.yaml"), check=False)
    assert output.startswith("exit 1") and re.search(message, output) and "Traceback (most" not in output


def methods_with(profile: str) -> list[str]:
    """Those whose file has values for a world."""
    files = {name: ROOT / f"config/methods/diffusion/{name}.yaml" for name in METHODS.names()}
    return [name for name, file in files.items() if file.is_file() and profile in yaml.safe_load(file.read_text())["settings"]]


@pytest.mark.parametrize(("config", "profile", "others"), [(None, "mini", 4), ("config/paper.yaml", "paper", 3)])
def test_all_methods_are_planned_at_once(clone: Clone, config: str | None, profile: str, others: int) -> None:
    every = methods_with(profile)
    assert len(every) > 7
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--config", f"methods={every}", "--", "tables", config=config))
    grouped = len(every) - ("retrain" in every)  # a retrained model has a job of its own
    assert jobs["unlearn"] == grouped * (others if config is None else 10 * others)
    assert jobs.get("unlearn_1", 0) == (4 if config is None else 0)


def walk(clone: Clone, *overlays: str) -> dict[str, Any]:
    """What walk_rules.py prints."""
    words = ["-c", (ROOT / "tests/workflow/walk_rules.py").read_text(), *overlays]
    done = run_python(words, clone.folder, clone.environment(), apart=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def walked(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Rules, constraints and outputs of a plan with tasks and methods whose names begin alike."""
    overlay = tmp_path_factory.mktemp("walk") / "names.yaml"
    digits = {**Settings().tasks["objects"].model_dump(mode="json"), "retrain_emitters": [3]}
    tasks = dict.fromkeys(Settings().entity_tasks) | dict.fromkeys(TASKS[:-1], digits)
    metrics = [name for name in Settings().scoring.metrics if name != "judge"]
    bases = {"objects": {"source": "train"}}
    overlay.write_text(
        yaml.safe_dump(
            {
                "methods": METHODS.names(),
                "tasks": tasks,
                "bases": bases,
                "demo_tasks": TASKS[:1],
                "evaluators": {"judge": None},
                "scoring": {"metrics": metrics},
            }
        )
    )
    return walk(clone, str(overlay))


TASKS = ["style50", "style50_a", "digits2", "a", "a_1", "a_001", "canvas"]  # the last is of cells
VALUES = {"task": TASKS, "method": METHODS.names(), "index": ["000", "001"], "epochs": ["000", "001", "0", "1"]}
VALUES |= {"batch": ["", "0", "1", "3", "00", "01", "003"], "metric": ["clip_diff", "ssim"]}


def test_every_wildcard_of_every_rule_is_constrained(walked: dict[str, Any]) -> None:
    assert len(walked) > 60
    assert {name: rule["unconstrained"] for name, rule in walked.items() if rule["unconstrained"]} == {}


def test_every_rule_gives_its_function_what_it_takes(clone: Clone) -> None:
    """No input, output or parameter is left over, none is missing, and none has a name that stands for two things."""
    named = {name: rule for name, rule in walk(clone).items() if rule["function"]}
    assert len(named) > 40
    for name, rule in named.items():
        given = Given(**{part: dict.fromkeys(names, "") for part, names in rule["given"].items()})
        try:
            bind(load_function(rule["function"]), given)
        except TypeError as error:
            raise AssertionError(f"rule {name}: {error}") from None


def test_one_job_makes_every_figure(walked: dict[str, Any]) -> None:
    """By its address or by a published name; nothing else writes below figures/."""
    makers = {name: rule for name, rule in walked.items() if any("/figures/" in output for output in rule["outputs"])}
    assert {rule["function"] for rule in makers.values()} == {"lethe.figures.jobs.figure:make_figure"}
    assert len(makers) == 26 and {"figure", "interference_matrix", "deepunlearn_ranking"} <= set(makers)


def test_a_file_has_one_reading(walked: dict[str, Any]) -> None:
    """Whatever names tasks and methods have, no file is made by two rules, or by one rule for two values of its wildcards."""
    from snakemake.io import regex_from_filepattern, strip_wildcard_constraints

    readings: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for name, rule in walked.items():
        constraints = rule["constraints"]
        if "task" not in constraints or not set(constraints) <= set(VALUES):
            continue
        for output in rule["outputs"]:
            form, pattern = strip_wildcard_constraints(output), re.compile(regex_from_filepattern(output))
            for values in product(*[VALUES[key] for key in constraints]):
                chosen = dict(zip(constraints, values, strict=True))
                file = form.format(**chosen)
                match = pattern.fullmatch(file)
                if match is not None:
                    assert match.groupdict() == chosen, file
                    readings.setdefault(file, []).append((name, chosen))
    assert len(readings) > 1000
    assert {file: found for file, found in readings.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("target", "nearest"),
    [
        ("figurs", "figures"),
        ("results/mini/tables/gates_objetcs.json", "results/mini/tables/gates_objects.json"),
        ("results/mini/figures/forget_retian_breeds.png", "results/mini/figures/forget_retain_breeds.png"),
        ("results/mini/figures/deepunlearn_gap_digits_mlp.png", "results/mini/figures/deepunlearn_gaps_digits_mlp.png"),
    ],
)
def test_a_misspelt_target_gets_its_nearest_name(clone: Clone, target: str, nearest: str) -> None:
    output = clone.snakemake("-n", "-c1", "--", target, config=None, check=False)
    assert output.startswith("exit 1") and f"'{target}'; did you mean '{nearest}'?" in output and "Traceback (most" not in output


def test_a_path_that_does_not_exist_stops_the_plan(clone: Clone, tmp_path: Path) -> None:
    """Also where its product is there: pictures of another folder are not believed."""
    overlay = tmp_path / "own.yaml"
    (tmp_path / "portraits").mkdir()
    task = Settings().tasks["people"].model_dump(mode="json") | {"source": "folder", "retrain_emitters": []}
    task["source_options"] = {"path": str(tmp_path / "portrait")}
    metrics = [name for name in Settings().scoring.metrics if name != "judge"]
    own = {"tasks": {"people": task}, "evaluators": {"judge": None}, "scoring": {"metrics": metrics}, "world": "own"}
    overlay.write_text(yaml.safe_dump(own))
    packed = clone.folder / "results/own/sources"
    packed.mkdir(parents=True)
    for name in ("people.tar", "people.parquet", "people.json", "people_true_distance.json"):
        (packed / name).write_bytes(b"")
    output = clone.snakemake("-n", "tables", config=str(overlay), check=False)
    assert output.startswith("exit 1") and "tasks.people.source_options.path" in output and "did you mean 'portraits'?" in output


def test_a_read_only_checkout_can_be_planned(tmp_path: Path) -> None:
    clone = clone_to(tmp_path / "le the")
    folders = [clone.folder, *(path for path in clone.folder.rglob("*") if path.is_dir() and not path.is_symlink())]
    # root may write everywhere, unless it gives that right away
    as_user = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    try:
        for folder in folders:
            folder.chmod(0o555)
        assert subprocess.run([*as_user, "touch", "x"], cwd=clone.folder, capture_output=True, check=False).returncode != 0
        before = sorted(clone.folder.rglob("*"))
        for arguments, code, said in (("-n", 0, "nothing is kept"), ("-c1", 1, "cannot be written; --directory")):
            done = subprocess.run(
                [*as_user, *clone.command(arguments, "--quiet", "rules", "--", "demo")],
                cwd=clone.folder,
                env=clone.environment() | {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            output = done.stdout + done.stderr
            assert done.returncode == code and said in output and "Traceback (most" not in output, output[-3000:]
            assert code or planned_jobs(output)["unlearn"] == 4
        assert sorted(clone.folder.rglob("*")) == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_training_from_nothing_is_planned(clone: Clone) -> None:
    output = clone.snakemake("-n", "--quiet", "rules", "--", "all", config="tests/workflow/train.yaml")
    trained = {name: count for name, count in planned_jobs(output).items() if name.startswith("train_")}
    assert trained == {"train_vae": 1, "train_tokenizer": 1, "train_base": 1, "train_without": 1, "train_evaluator": 3}


def test_documented_files_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / path).exists(), f"README.md links to {path}"
    assert Path(ROOT / "slurm").is_symlink()
