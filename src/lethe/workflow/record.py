"""The record of a run: its files, its configuration, and the code of every rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lethe.archive.provenance import full_config
from lethe.planning.targets import Step, values_of
from lethe.settings.models import Settings

FILES = ["run_config.yaml", "provenance/run.json", "ro-crate-metadata.json"]
# wildcards on which code depends
DECIDE_CODE = ("task", "method", "evaluator", "dataset", "architecture", "template", "tutorial", "unlearner")


class Record:
    """What describes a run as a whole, beside its products.

    Args:
        settings: of the world.
        root: folder of the checkout.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self.settings = settings
        self.files = [f"<results>/{name}" for name in FILES]
        self._root = root

    @property
    def workflow_files(self) -> list[Path]:
        """The Snakefile and what it includes."""
        return [self._root / "Snakefile", *sorted((self._root / "rules").rglob("*.smk"))]

    def configuration(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The whole configuration, with every default.

        Args:
            config: as Snakemake merged it.
        """
        return full_config(config, self.settings.model_dump(mode="json"))


def asked_target(targets: Iterable[str]) -> str:
    """Which of the two targets with a record was asked for: ``all``, unless it is ``demo`` alone."""
    targets = set(targets)
    return "demo" if "demo" in targets and "all" not in targets else "all"


def codes(steps: Iterable[Step], known: Mapping[str, Iterable[str]]) -> dict[str, str | dict[str, str]]:
    """Name of each rule that calls a function -> hash of its code; where it depends on wildcards, their values -> hash.

    Args:
        steps: the rules. Their parameter ``job`` is ``module:function@hash``, or a function of wildcards that gives it.
        known: name of a wildcard -> values it may have.
    """
    found: dict[str, str | dict[str, str]] = {}
    for step in steps:
        job = dict(step.params.items()).get("job")
        if job is None:
            continue
        names = [name for name in DECIDE_CODE if name in step.wildcards]
        hashes = {
            "/".join(values.values()): (job(values) if callable(job) else job).partition("@")[2]
            for values in values_of(names, known)
        }
        found[step.name] = hashes if len(set(hashes.values())) != 1 else next(iter(hashes.values()))
    return found
