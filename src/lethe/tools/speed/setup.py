"""What an installation costs, by uv and by pip: ``make bench-setup``. Minutes, some GB of downloads and of temporary disk.

Each way makes a new environment from requirements.lock, with what ``make setup`` calls (envs/install.py). Processor time is that of the
whole process tree; seconds depend on the network and the disk. Neither way compiles bytecode.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

DECIDES_NO_RESULT = "measures an installation"
SHARE, MEGABYTES = 0.3, 1800  # of uv's processor time in pip's; of an environment


class Installed(NamedTuple):
    """One installation.

    Attributes:
        cpu_seconds: processor time of all its processes.
        seconds: wall clock.
        megabytes: 10^6 bytes on the disk.
    """

    cpu_seconds: float
    seconds: float
    megabytes: float


def megabytes(folder: Path) -> float:
    """Blocks on the disk of everything below ``folder``, in 10^6 bytes; a file with several names counts once."""
    found = {(stat.st_dev, stat.st_ino): stat.st_blocks for path in folder.rglob("*") for stat in [path.lstat()]}
    return sum(found.values()) * 512 / 1e6


def without_uv(path: str) -> str:
    """``PATH`` without the folders that hold uv."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if shutil.which("uv", path=folder) is None)


def installed(root: Path, folder: Path, environment: Mapping[str, str]) -> Installed:
    """Install the lock of ``root`` into a new environment ``folder``.

    Raises:
        subprocess.CalledProcessError: if it cannot be installed.
    """
    command = [sys._base_executable, "envs/install.py", "--packages-only", "--torch", "cpu", "--into", str(folder)]  # type: ignore[attr-defined]
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=root, env=environment, check=True)
    seconds, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Installed(cpu, seconds, megabytes(folder))


def measure(root: Path, uv: str, folder: Path) -> dict[str, Installed]:
    """uv with an empty cache and with what that left there, pip with an empty cache.

    Args:
        root: top folder of the checkout.
        uv: path of uv.
        folder: an empty folder.
    """
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    quick = plain | {"PATH": f"{Path(uv).parent}{os.pathsep}{plain['PATH']}", "UV_CACHE_DIR": str(folder / "uv")}
    slow = plain | {"PATH": without_uv(plain["PATH"]), "PIP_CACHE_DIR": str(folder / "pip")}
    found = {}
    for name, environment in (("uv, cold", quick), ("uv, warm", quick), ("pip, cold", slow)):
        found[name] = installed(root, folder / "venv", environment)
        print(
            f"{name:10} {found[name].cpu_seconds:6.1f} s of CPU, {found[name].seconds:6.1f} s, {found[name].megabytes:.0f} MB",
            flush=True,
        )
        shutil.rmtree(folder / "venv")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 where there is no uv."""
    from lethe.io.tables import write_json

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/bench/setup.json"))
    options = parser.parse_args(arguments)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        print("uv is neither on PATH nor in this environment: there is nothing to compare pip with")
        return 1
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        found = measure(Path.cwd(), uv, Path(folder))
    write_json(options.output, record(found))
    return 0


def record(found: Mapping[str, Installed]) -> dict[str, Any]:
    """What is written: shares of pip's processor time and the size, with their targets."""
    cold, warm = (found[name].cpu_seconds / found["pip, cold"].cpu_seconds for name in ("uv, cold", "uv, warm"))
    size = max(entry.megabytes for entry in found.values())
    return {
        "value": {"cold": cold, "warm": warm, "megabytes": size},
        "target": {"cold": SHARE, "warm": SHARE, "megabytes": MEGABYTES},
        "holds": max(cold, warm) <= SHARE and size <= MEGABYTES,
        "how": "processor time of envs/install.py with uv over that with pip, empty caches (cold) and uv's cache filled (warm), no bytecode; "
        "the largest environment",
        **{name: entry._asdict() for name, entry in found.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
