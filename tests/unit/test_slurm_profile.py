"""profiles/slurm names what there is; tests/slurm runs it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from snakemake_executor_plugin_slurm.partitions import read_partition_file

ROOT = Path(__file__).parents[2]
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())


def test_every_rule_that_the_profile_names_exists() -> None:
    text = "\n".join(file.read_text() for file in (ROOT / "rules").glob("*.smk"))
    rules = set(re.findall(r"^(?:use rule \w+ as|rule) (\w+)", text, flags=re.MULTILINE))
    named = set(PROFILE["slurm-array-jobs"].split(",")) | set(PROFILE["set-resources"])
    assert named and not named - rules


def test_rules_of_an_array_ask_for_the_same() -> None:
    """An array has one request, that of its first job."""
    text = "\n".join(file.read_text() for file in (ROOT / "rules").glob("*.smk"))
    for rule in PROFILE["slurm-array-jobs"].split(","):
        base = re.search(rf"^use rule (\w+) as {rule} ", text, flags=re.MULTILINE)
        body = re.search(rf"^rule {base[1] if base else rule}:\n((?:    .*\n|\n)+)", text, flags=re.MULTILINE)
        assert body is not None
        resources = re.search(r"    resources:\n((?:        .*\n)+)", body[1])
        assert resources is not None and not re.sub(r"\w+=(\d+|GPU),", "", resources[1]).strip(), rule


def test_arrays_have_no_limit_beside_them() -> None:
    assert PROFILE["jobs"] == "unlimited" and "resources" not in PROFILE


def test_partitions_and_their_example_are_read(tmp_path: Path) -> None:
    shipped = ROOT / "profiles/slurm/partitions.yaml"
    assert read_partition_file(shipped) == []
    example = re.search(r"^# partitions:\n(?:#   .*\n)+", shipped.read_text(), flags=re.MULTILINE)
    assert example is not None
    file = tmp_path / "partitions.yaml"
    file.write_text(re.sub("^# ", "", example[0], flags=re.MULTILINE))
    limits = {partition.name: partition.limits for partition in read_partition_file(file)}
    assert limits["cpu"].max_gpu == 0 and limits["gpu"].max_gpu > 0 and limits["cpu"].max_runtime == 2 * 24 * 60
