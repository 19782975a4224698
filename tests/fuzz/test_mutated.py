"""Mutated configurations: refused with their key, or accepted and no nonsense. ``LETHE_FUZZ=all`` runs every one and 50 plans."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from tests.fuzz.mutations import Mutation, nonsense, sample
from tests.started import run_python

from lethe.settings.errors import SettingsError
from lethe.workflow.configuration import load_configuration

LARGE = os.environ.get("LETHE_FUZZ") == "all"
LONGEST = 12_000  # characters of a message: at most 20 faults of a few lines
ROOT = Path(__file__).parents[2]


def verdict(mutation: Mutation) -> tuple[str, str]:
    """(``refused``, ``accepted`` or ``wrong``; why it is wrong)."""
    try:
        settings = load_configuration(mutation.config)
    except SettingsError as error:
        message = str(error)
        if mutation.key not in message and not (mutation.value is None and mutation.place[-2] in message):  # an entry left out
            return "wrong", f"the message does not name '{mutation.key}': {message[:500]}"
        return ("refused", "") if len(message) <= LONGEST and "\0" not in message else ("wrong", f"{len(message)} characters")
    except Exception as error:  # whatever else comes out is the finding
        return "wrong", f"{type(error).__name__}: {str(error)[:300]}"
    found = nonsense(mutation, settings)
    return ("wrong", f"accepted: {found[:3]}") if found else ("accepted", "")


def test_a_mutated_configuration_is_refused_with_its_key_or_makes_sense() -> None:
    chosen = sample(10**6 if LARGE else 900)
    verdicts = {mutation.name: verdict(mutation) for mutation in chosen}
    counts = {kind: sum(got == kind for got, _ in verdicts.values()) for kind in ("refused", "accepted", "wrong")}
    print(f"{len(chosen)} mutated configurations: {counts}")
    wrong = {name: why for name, (got, why) in verdicts.items() if got == "wrong"}
    assert len(verdicts) >= 800 and not wrong, f"{len(wrong)} of {len(chosen)}:\n" + "\n".join(
        f"{n}: {w}" for n, w in wrong.items()
    )
    assert counts["accepted"] > 10 and counts["refused"] > 500


NO_FILE = ("lone surrogate", "bytes", "huge")  # what no YAML file holds, or what Snakemake's own reader cannot read


def plannable() -> list[Mutation]:
    """Mutations that can be written to a file, in an order of their own."""
    return [mutation for mutation in sample(10**6, seed=1) if not mutation.name.endswith(NO_FILE)]


@pytest.mark.workflow
def test_a_mutated_configuration_is_planned_or_refused_without_a_traceback(tmp_path: Path) -> None:
    counts = {0: 0, 1: 0}
    for number, mutation in enumerate(plannable()[: 50 if LARGE else 3]):
        overlay = tmp_path / f"{number}.yaml"
        overlay.write_text(yaml.safe_dump(mutation.overlay, allow_unicode=True))
        command = [
            "-n",
            "-c1",
            "--quiet",
            "rules",
            "--snakefile",
            str(ROOT / "Snakefile"),
            "--configfile",
            str(overlay),
            "--",
            "all",
        ]
        done = run_python(["-m", "snakemake", *command], tmp_path, os.environ | {"PYTHONPATH": str(ROOT / "src")})
        said = done.stdout
        assert "Traceback (most recent call last)" not in said, f"{mutation.name}:\n{said[-3000:]}"
        assert done.returncode == 0 or mutation.key in said, f"{mutation.name}:\n{said[-3000:]}"
        counts[done.returncode] += 1
    print(f"{sum(counts.values())} plans: {counts[0]} planned, {counts[1]} refused")
