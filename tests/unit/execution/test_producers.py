"""Which rules make a file: as Snakemake answers, asked once, and Snakemake's own search where it is not as known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake import dag
from snakemake.output_index import OutputIndex

from lethe.execution import producers

SNAKEFILE = """
from snakemake.output_index import OutputIndex
from lethe.execution.producers import Producers, keep_producers

assert keep_producers() and keep_producers()
FILES = (
    [f"models/{task}_{index:03d}/{name}" for task in ("a", "b") for index in (0, 4, 12, 100) for name in ("delta", "record", "lost")]
    + ["models/a_base/delta", "logs/train/a_00.log", "logs/train/a_x.log", "benchmarks/a_00.tsv", "all.txt", "lost.txt", "models/", ""]
)


onstart:
    index, rules = workflow.dag.output_index, list(workflow.rules)
    assert type(index) is Producers
    ordinary = OutputIndex(rules)
    found = {file: sorted(rule.name for rule in index.match_producers(file)) for file in FILES}
    assert found == {file: sorted(rule.name for rule in ordinary.match_producers(file)) for file in FILES}
    assert found["models/a_012/delta"] == ["train"] and found["models/b_004/record"] == ["few"] and not found["models/a_100/delta"]
    assert found["logs/train/a_00.log"] == ["train"] and found["models/a_base/delta"] == ["base"]
    index._search = None  # is not asked again
    assert index.match_producers("models/a_012/delta") and not index.match_producers("lost.txt")


rule all:
    input:
        "models/a_012/delta",
        "models/b_004/record",
        "models/a_base/delta",
    output:
        "all.txt",
    shell:
        "touch {output}"


rule train:
    output:
        [f"models/{{task}}_{{batch}}{unit}/{name}" for unit in range(10) for name in ("delta", "record")],
    log:
        "logs/train/{task}_{batch}.log",
    benchmark:
        "benchmarks/{task}_{batch}.tsv"
    wildcard_constraints:
        task="a(?=_0[01])",
        batch="[0-9]*",
    shell:
        "touch {output}"


rule few:
    output:
        "models/{task}_{batch}4/record",
    wildcard_constraints:
        task="b",
    shell:
        "touch {output}"


rule base:
    output:
        "models/a_base/delta",
    shell:
        "touch {output}"
"""


def test_answers_are_those_of_snakemake(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    run = subprocess.run([sys.executable, "-m", "snakemake", "-c1"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and (tmp_path / "all.txt").exists(), run.stderr


def test_another_snakemake_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(producers.logger, "warning", told.append)
    monkeypatch.setattr(dag, "OutputIndex", OutputIndex)
    monkeypatch.setattr(OutputIndex, "match_producers", lambda self, targetfile, strict: set())
    assert not producers.keep_producers()
    assert dag.OutputIndex is OutputIndex and "another way than known here" in told[0]
