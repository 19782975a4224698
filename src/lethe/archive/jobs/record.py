"""The record of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lethe.archive.provenance import host, keep_workflow, run_record
from lethe.io.atomic import write_text
from lethe.io.tables import read_json, write_json


def write_configuration(config: Path, values: dict[str, Any]) -> None:
    """The merged configuration as YAML."""
    write_text(config, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def describe_host(record: Path) -> None:
    """The machine that this runs on."""
    write_json(record, host())


def write_record(
    config: Path,
    host: Path,
    sources: list[Path],
    record: Path,
    workflow: Path,
    codes: dict[str, Any],
    benchmarks: Path,
    root: Path,
    target: str,
) -> None:
    """The record, and the workflow that ran beside it.

    Args:
        config: the merged configuration.
        host: the machine.
        sources: Snakefile and rules, copied to ``workflow``.
        codes: rule -> hash of its code.
        benchmarks: what Snakemake measured of every job.
        root: of the checkout.
        target: that was asked for.
    """
    keep_workflow(root, sources, workflow)
    write_json(record, run_record(root, target, config, codes, benchmarks, read_json(host)))
