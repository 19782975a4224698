"""For every rule with a work folder: each input and each parameter, changed between a kill and the next start, begins anew."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.started import run_python
from tests.unit.execution.test_job import Named
from tests.workflow.conftest import SMOKE, Clone

from lethe.execution.work import WorkFolder

pytestmark = pytest.mark.workflow
PLANNED = f"""
import json
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings
with SnakemakeApi(OutputSettings(dryrun=True)) as api:
    flow = api.workflow(ResourceSettings(cores=1), ConfigSettings(configfiles=[Path("{SMOKE}")]), snakefile=Path("Snakefile"))
    flow.dag(DAGSettings(targets={{"all"}})).execute_workflow(executor="dryrun")
    jobs = {{job.rule.name: job for job in flow._workflow.dag.jobs if "work" in dict(job.params.items())}}
    print("JOBS", json.dumps({{name: [list(job.input), dict(job.params.items()), dict(job.wildcards.items())] for name, job in jobs.items()}}))
"""
OF_CLASSIFIERS = {"classifiers", "lira_models", "lira_forget"}
RULES = {
    "generate_baseline",
    *OF_CLASSIFIERS,
    *(f"{name}{of_one}" for name in ("unlearn", "generate", "score") for of_one in ("", "_1")),
}


@pytest.fixture(scope="module")
def planned(clone: Clone) -> dict[str, Any]:
    """rule -> inputs, parameters and wildcards of one of its jobs, as Snakemake plans it."""
    done = run_python(["-c", PLANNED], clone.folder, clone.environment(), apart=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("JOBS ")] or [done.stderr]
    jobs: dict[str, Any] = json.loads(line.removeprefix("JOBS "))
    return jobs


def test_these_are_the_rules_with_a_work_folder(planned: dict[str, Any]) -> None:
    assert set(planned) == RULES


def others(value: Any) -> list[Any]:
    """A plain value, changed everywhere it can be: one result per leaf."""
    if isinstance(value, dict):
        found = [value | {"added": 1}]
        for key, part in value.items():
            found += [value | {key: other} for other in others(part)]
        return found
    if isinstance(value, list):
        return [[*value, 1], *[[*value[:i], other, *value[i + 1 :]] for i, part in enumerate(value) for other in others(part)]]
    return [
        f"{value}x" if isinstance(value, str) else not value if isinstance(value, bool) else 1 if value is None else value + 1
    ]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_nothing_old_is_believed(planned: dict[str, Any], rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inputs, params, wildcards = planned[rule]
    for path in map(Path, inputs):
        file = path if path.suffix else path / "config.json"  # a base or an evaluator is a folder
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(path))

    def resumed(**changed: Any) -> set[str]:
        given = params | changed
        job = SimpleNamespace(rule=rule, wildcards=Named(**wildcards), params=Named(**given), input=Named(files=inputs))
        work = WorkFolder.of_job(job)  # type: ignore[arg-type]
        done = work.done
        work.finish("old", lambda path: path.write_text("old"))
        return done

    resumed()
    assert resumed() == {"old"}
    believed, tried = [], len(inputs)
    for path in map(Path, inputs):
        file = path if path.suffix else path / "config.json"
        file.write_text(f"another {path}")
        believed += [str(path)] if resumed() else []
    for name in params.keys() - {"work"}:
        for other in others(copy.deepcopy(params[name])):
            tried += 1
            believed += [f"{name} = {other}"] if resumed(**{name: other}) else []
    print(
        f"{rule}: {tried} changes of {len(inputs)} inputs and {len(params) - 1} parameters, {len(believed)} times an old target was believed"
    )
    assert not believed and not resumed() and resumed() == {"old"}
