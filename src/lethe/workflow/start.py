"""What a run does before it plans, and why one may be refused."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from lethe.core.registry import nearest
from lethe.io.lock import hold_run_lock, other_runs
from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.downloads import load_downloads
from lethe.settings.errors import SettingsError
from lethe.settings.load import typed
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

log = logging.getLogger("snakemake.logging")  # Snakemake's own, so that a warning stands among its lines


class RunError(ValueError):
    """A run that must not start here; the message says why and what to do."""


def hold_lock(words: Sequence[str], dry_run: bool) -> IO[str] | None:
    """Hold the lock of the working directory; say what is safe where another run is at work there.

    Args:
        words: of the command line.
        dry_run: whether this is a plan only.

    Returns:
        A handle to keep until the process ends.

    Raises:
        RunError: ``--unlock`` beside a run that is alive.
    """
    handle = hold_run_lock()  # the same command goes on after a kill -9
    if handle and (others := other_runs(handle)) and not dry_run:
        safe = f"another run is at work here ({', '.join(others)}): wait for it, or stop it with Ctrl-C in its terminal"
        if "--unlock" in words:
            raise RunError(f"--unlock: {safe}; what dead runs left is taken away by itself, so this is never needed")
        log.warning("%s. If the directory cannot be locked, it is for that reason: do not use --unlock.", safe)
    return handle


def nested_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """The mappings and lists among the values of ``--config``, read as YAML reads them; Snakemake gives numbers within them as text."""
    return {key: typed(value) for key, value in given.items() if isinstance(value, dict | list)}


def settings_of(config: Mapping[str, Any], overlays: Iterable[str | Path]) -> Settings:
    """The settings of a merged configuration.

    Args:
        config: as Snakemake merged it.
        overlays: files of ``--configfile``. They are read once more: Snakemake keeps the last of a key given twice.

    Raises:
        SettingsError: a fault of the configuration or of such a file.
    """
    for overlay in overlays:
        try:
            read_yaml(overlay)
        except CorruptFileError as error:
            raise SettingsError(str(error)) from None
    return load_configuration(dict(config))


def plan_of(config: Mapping[str, Any], overlays: Iterable[str | Path], root: Path) -> Plan:
    """The plan of a merged configuration; see ``settings_of``."""
    return Plan(settings_of(config, overlays), load_downloads(root / "config/downloads.yaml"), root)


def merged(overlays: Sequence[str | Path], root: Path = Path()) -> dict[str, Any]:
    """config/config.yaml with overlays, in the order given, as Snakemake lays them.

    Raises:
        SettingsError: a file is not there or no YAML.
    """
    config: dict[str, Any] = {}
    for file in (root / "config/config.yaml", *overlays):
        try:
            content = read_yaml(file)
        except FileNotFoundError:
            there = sorted(str(beside) for beside in Path(file).parent.glob("*.yaml"))
            raise SettingsError(f"there is no file {file}{nearest(str(file), there)}") from None
        except CorruptFileError as error:
            raise SettingsError(str(error)) from None
        config = _laid_over(config, content or {})
    return config


def _laid_over(config: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the leaves of an overlay in their places, as Snakemake lays them."""
    found = dict(config)
    for key, value in overlay.items():
        deeper = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _laid_over(found[key], value) if deeper else value
    return found


def refuse_run(folder: str | Path, read_only: bool, executor_settings: Any) -> None:
    """Refuse a run, as against a plan, that could not keep its results.

    A task of a Slurm job array deletes another task's outputs when it fails: snakemake-executor-plugin-slurm 2.8.0 lets every task
    answer for the outputs of the array's first job (its issue 447), and never sends an array of which a limit holds a part back (473).
    tests/slurm met both.

    Raises:
        RunError: a folder that cannot be written, or job arrays.
    """
    if read_only:
        raise RunError(f"{folder} or .snakemake in it cannot be written; --directory FOLDER puts results elsewhere")
    if getattr(executor_settings, "array_jobs", None):
        raise RunError("slurm-array-jobs: job arrays of the Slurm plugin lose finished work (docs/slurm.md); leave it out")
