"""profiles/slurm names what there is; tests/slurm runs it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from snakemake_executor_plugin_slurm.partitions import read_partition_file

ROOT = Path(__file__).parents[3]
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())


def test_every_rule_that_the_profile_names_exists() -> None:
    text = "\n".join(file.read_text() for file in (ROOT / "rules").rglob("*.smk"))
    rules = set(re.findall(r"^(?:use rule \w+ as|rule) (\w+)", text, flags=re.MULTILINE))
    looped = set(
        re.findall(r'name:\n +shape\.name\("(\w+)"\)', text)
    )  # declared for each shape of batches: of ten models, of one
    rules |= looped | {f"{name}_1" for name in looped}
    named = set(PROFILE["set-resources"]) | set(PROFILE["set-threads"])
    assert named and not named - rules


def test_partitions_and_their_example_are_read(tmp_path: Path) -> None:
    shipped = ROOT / "profiles/slurm/partitions.yaml"
    assert read_partition_file(shipped) == []
    example = re.search(r"^# partitions:\n(?:#   .*\n)+", shipped.read_text(), flags=re.MULTILINE)
    assert example is not None
    file = tmp_path / "partitions.yaml"
    file.write_text(re.sub("^# ", "", example[0], flags=re.MULTILINE))
    limits = {partition.name: partition.limits for partition in read_partition_file(file)}
    assert limits["cpu"].max_gpu == 0 and limits["gpu"].max_gpu > 0 and limits["cpu"].max_runtime == 2 * 24 * 60
