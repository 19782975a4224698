"""Install what a lock file pins, by uv where it is on PATH and by pip otherwise: ``make setup``. It needs nothing but Python.

Both take the same files, check the same hashes and look for no dependencies: a lock holds them all. With ``--torch cpu`` torch is on Linux
a build without CUDA, which PyPI does not have; with ``--torch cuda`` everything comes from PyPI. ``auto`` takes CUDA's where
``nvidia-smi`` is on PATH, or else the build for the CPU if an index that pip or uv is set to has it, and says what it took.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = {"cpu": "requirements.lock", "cuda": "requirements-cuda.lock"}
# Settings of pip that uv does not read -> uv's own
SETTINGS = {
    "find-links": "UV_FIND_LINKS",
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "cert": "SSL_CERT_FILE",
}


class Installer:
    """uv or pip, for one interpreter.

    Args:
        python: the interpreter whose packages are meant.
        index: address of a further index, "" for none.
        uv: path of uv, None for pip.
    """

    def __init__(self, python: Path, index: str, uv: str | None) -> None:
        pip = [str(python), "-m", "pip"]
        self._environment = os.environ | (for_uv(pip_settings(pip)) if uv else {})
        self._command = [uv, "pip", "install", "--python", str(python), "-q"] if uv else [*pip, "install", "-qq", "--no-compile"]
        self._index = ["--extra-index-url", index] if index else []
        if uv:  # as pip does it: of all indexes the best version, which is safe since a hash says which file it must be
            self._index += ["--index-strategy", "unsafe-best-match"]

    def run(self, *options: str, quiet: bool = False) -> bool:
        """Whether it could be done; nothing is looked up that is not named."""
        command = [*self._command, *self._index, "--no-deps", *options]
        return not subprocess.run(
            command, env=self._environment, cwd=ROOT, stderr=subprocess.DEVNULL if quiet else None
        ).returncode


def pip_settings(pip: list[str]) -> dict[str, str]:
    """What pip is set to by files and by the environment, which wins: ``{"find-links": "/opt/wheels"}``."""
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(global|install|:env:)\.([\w-]+)='(.*)'$", listed, flags=re.MULTILINE)
    order = ["global", "install", ":env:"]
    return {name: value for _, name, value in sorted(found, key=lambda entry: order.index(entry[0]))}


def for_uv(settings: dict[str, str]) -> dict[str, str]:
    """Settings of pip as variables of uv, but for those that are set already.

    Example:
        >>> for_uv({"find-links": "/opt/wheels /home/wheels", "timeout": "9"})
        {'UV_FIND_LINKS': '/opt/wheels,/home/wheels'}
    """
    variables = {SETTINGS[name]: value for name, value in settings.items() if name in SETTINGS}
    if "UV_FIND_LINKS" in variables:
        variables["UV_FIND_LINKS"] = ",".join(variables["UV_FIND_LINKS"].split())
    return {name: value for name, value in variables.items() if name not in os.environ}


def environment(folder: Path, uv: str | None) -> Path:
    """The interpreter of a virtual environment, which is made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        make = (
            [uv, "venv", "-q", "--seed", "--python", sys.executable, str(folder)]
            if uv
            else [sys.executable, "-m", "venv", str(folder)]
        )
        subprocess.run(make, check=True)
    return python


def variant(torch: str, installer: Installer) -> str:
    """``cpu`` or ``cuda``, for ``auto`` by what this machine has.

    Raises:
        SystemExit: if there is no build for the CPU alone and one was asked for.
    """
    if torch == "cuda" or sys.platform != "linux":  # elsewhere PyPI's build has no CUDA
        return torch.replace("auto", "cpu")
    if torch == "auto" and shutil.which("nvidia-smi"):
        return "cuda"
    pinned = re.search(r"^torch==\S+\+cpu", (ROOT / LOCKS["cpu"]).read_text(), flags=re.MULTILINE)
    assert pinned is not None
    if installer.run("--dry-run", pinned[0], quiet=True):
        return "cpu"
    if torch == "auto":
        print(
            f"no index has {pinned[0]} for this Python, so CUDA's libraries come too, 3 GB; TORCH_INDEX=address names one that has it"
        )
        return "cuda"
    raise SystemExit(
        f"no index has {pinned[0]} for this Python; name one, TORCH_INDEX=address, or take what PyPI has, TORCH=cuda"
    )


def main() -> None:
    """Install, and compile what jobs import."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, help="folder of a virtual environment; without it, the Python that runs this")
    parser.add_argument("--torch", choices=["auto", *LOCKS], default="auto")
    parser.add_argument("--index", default="", help="a further index, such as PyTorch's of builds for the CPU")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--developer", action="store_true", help="the tools of developers, into what is there")
    what.add_argument("--packages-only", action="store_true", help="not the package of this checkout")
    asked = parser.parse_args()
    uv = shutil.which("uv")
    python = environment(asked.into, uv) if asked.into else Path(sys.executable)
    installer = Installer(python, asked.index, uv)
    lock = "requirements-dev.lock" if asked.developer else LOCKS[variant(asked.torch, installer)]
    print(f"{lock}, by {'uv' if uv else 'pip'}", flush=True)
    done = installer.run("--require-hashes", "--requirement", lock)
    if done and not asked.developer and not asked.packages_only:
        done = installer.run("--no-build-isolation", "--editable", ".")
    sys.exit(not done)


if __name__ == "__main__":
    main()
