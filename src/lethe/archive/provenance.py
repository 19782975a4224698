"""What a run was: which code, which packages, which machine, which configuration, how long each rule took.

``results/{world}/provenance/run.json`` is a record of what the products were made with, not of the checkout as it is now: it is written when
products are newer than it, and a commit that changes no code leaves it alone. Nothing in it names a person or a machine.
"""

from __future__ import annotations

import csv
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.markers import Marker

import lethe
from lethe.io.atomic import atomic_path
from lethe.io.hashing import sha256_file

OWN_RULES = ("provenance", "ro_crate")  # they are not over when the record is written
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: *; *([^\\\n]+))?", flags=re.MULTILINE)  # name, version, marker


def git_state(root: str | Path) -> dict[str, Any]:
    """The commit that is checked out and what differs from it.

    Args:
        root: top folder of the checkout.

    Returns:
        ``commit`` (hex), ``dirty`` (bool), ``changed`` (names of files that are changed or new and not ignored), ``reason``
        (None). Without git, outside a checkout, or in one that does not begin at ``root`` (an archive unpacked somewhere
        inside another project): the first three are None and ``reason`` says why.
    """
    unknown = {"commit": None, "dirty": None, "changed": None}
    if shutil.which("git") is None:
        return unknown | {"reason": "git is not installed"}
    top = _git(root, "rev-parse", "--show-toplevel")
    if top.returncode:
        return unknown | {"reason": top.stderr.strip().splitlines()[0].replace(str(Path(root).resolve()), ".")}
    if Path(top.stdout.strip()).resolve() != Path(root).resolve():
        return unknown | {"reason": "the folder lies inside the git checkout of something else"}
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if commit.returncode:
        return unknown | {"reason": "the git checkout has no commit"}
    status = _git(root, "status", "--porcelain", "-z", "--no-renames")
    changed = sorted(entry[3:] for entry in status.stdout.split("\0") if entry)
    return {"commit": commit.stdout.strip(), "dirty": bool(changed), "changed": changed, "reason": None}


def _git(root: str | Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)


def software(lock: str | Path) -> dict[str, Any]:
    """Versions of what ran, beside those of a lock file.

    Args:
        lock: a ``requirements.lock``, lines ``name==version`` or ``name==version ; marker``. Lines whose marker does not hold on this
            machine and Python do not count.

    Returns:
        ``lethe``, ``python``, ``lock_sha256``, ``packages`` (every package of the lock: installed version, None if it is not
        installed) and ``not_as_locked`` (installed ones, name -> ``{"installed", "locked"}``; a local part such as ``+cpu`` does
        not count).
    """
    pins = PIN.findall(Path(lock).read_text())
    locked = {name: pinned for name, pinned, marker in pins if not marker or Marker(marker).evaluate()}
    packages = {name: _installed(name) for name in locked}
    odd = {
        name: {"installed": packages[name], "locked": pinned}
        for name, pinned in locked.items()
        if packages[name] is not None and str(packages[name]).split("+")[0] != pinned.split("+")[0]
    }
    return {
        "lethe": lethe.__version__,
        "python": platform.python_version(),
        "lock_sha256": sha256_file(lock),
        "packages": packages,
        "not_as_locked": odd,
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def host() -> dict[str, Any]:
    """The machine that this runs on, without its name.

    Returns:
        ``os``, ``kernel``, ``architecture``, ``cpu`` (model), ``cpus`` (that this process may use), ``memory_gb`` (10^9 bytes),
        ``gpus`` (list of ``name``, ``driver``, ``memory``; empty without ``nvidia-smi`` or a GPU).
    """
    system = (
        platform.freedesktop_os_release()["PRETTY_NAME"] if Path("/etc/os-release").exists() else platform.platform(terse=True)
    )
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "os": system,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpu": _cpu_model(),
        "cpus": affinity,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "gpus": _gpus(),
    }


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), flags=re.MULTILINE) if information.exists() else None
    return found[1] if found else platform.processor() or "unknown"


def _gpus() -> list[dict[str, str]]:
    if shutil.which("nvidia-smi") is None:
        return []
    fields = ("name", "driver_version", "memory.total")
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [line.split(", ") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return [dict(zip(("name", "driver", "memory"), row, strict=True)) for row in rows]


def job_times(benchmarks: str | Path) -> dict[str, Any]:
    """What Snakemake measured of every finished job.

    Args:
        benchmarks: folder ``benchmarks/{world}`` with ``{rule}/{wildcards}.tsv``.

    Returns:
        ``start`` and ``end`` (ISO 8601, UTC; begin of the first and end of the last job, None without any) and ``rules``: rule ->
        ``jobs``, ``seconds`` (sum of wall clock), ``cpu_seconds`` (sum), ``max_rss_mb`` (largest; None where a job was too short
        to be measured).
    """
    rules: dict[str, dict[str, Any]] = {}
    begins: list[float] = []
    ends: list[float] = []
    for path in sorted(Path(benchmarks).rglob("*.tsv")):
        rule = path.relative_to(benchmarks).parts[0]
        if rule in OWN_RULES:
            continue
        row = _measured(path)
        ends.append(path.stat().st_mtime)
        begins.append(ends[-1] - (row["s"] or 0.0))
        entry = rules.setdefault(rule, {"jobs": 0, "seconds": 0.0, "cpu_seconds": 0.0, "max_rss_mb": None})
        entry["jobs"] += 1
        entry["seconds"] = round(entry["seconds"] + (row["s"] or 0.0), 2)
        entry["cpu_seconds"] = round(entry["cpu_seconds"] + (row["cpu_time"] or 0.0), 2)
        entry["max_rss_mb"] = max(filter(None, (entry["max_rss_mb"], row["max_rss"])), default=None)
    return {
        "start": _utc(min(begins)) if begins else None,
        "end": _utc(max(ends)) if ends else None,
        "rules": rules,
    }


def _measured(path: Path) -> dict[str, float | None]:
    with open(path, newline="") as file:
        row = next(csv.DictReader(file, delimiter="\t"), {})
    return {key: None if row.get(key, "NA") in ("NA", "-") else float(row[key]) for key in ("s", "cpu_time", "max_rss")}


def _utc(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")


def full_config(config: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration that gives ``settings`` again when it is laid over ``config/config.yaml``.

    Args:
        config: the merged configuration as Snakemake has it; what an overlay took away is None in it.
        settings: the validated settings as plain data, with the default of every key that nobody set.
    """
    full: dict[str, Any] = {}
    for key, value in settings.items():
        given = config.get(key)
        full[key] = full_config(given, value) if isinstance(value, dict) and isinstance(given, Mapping) else value
    return full | {key: None for key, value in config.items() if value is None and key not in settings}


def keep_workflow(root: str | Path, files: Iterable[str | Path], folder: str | Path) -> None:
    """Copy the Snakefile and its rules (``files`` below ``root``) to ``folder``, atomically and with their places kept."""
    with atomic_path(folder) as part:
        for file in files:
            copy = part / Path(file).resolve().relative_to(Path(root).resolve())
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def run_record(
    root: str | Path,
    target: str,
    configuration: str | Path,
    rules: Mapping[str, Any],
    benchmarks: str | Path,
    machine: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of ``provenance/run.json``.

    Args:
        root: top folder of the checkout. target: what was asked for, ``all`` or ``demo``. configuration: the ``run_config.yaml``.
        rules: rule -> fingerprint of its code (``lethe.execution.fingerprint``). benchmarks: see ``job_times``. machine: see ``host``.
    """
    times = job_times(benchmarks)
    return {
        "target": target,
        "start": times["start"],
        "end": times["end"],
        "configuration_sha256": sha256_file(configuration),
        "code": git_state(root) | {"fingerprints": dict(rules)},
        "software": software(Path(root) / "requirements.lock"),
        "host": dict(machine),
        "rules": times["rules"],
    }
