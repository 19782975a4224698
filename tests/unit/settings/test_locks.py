"""The lock files agree with pyproject.toml, with each other, and with the oldest Python; uv and pip are asked for the same."""

from __future__ import annotations

import importlib.util
import re
import stat
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[3]
NAMES = ("requirements.lock", "requirements-cuda.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def program(name: str) -> ModuleType:
    """A program of envs/ as a module."""
    spec = importlib.util.spec_from_file_location(f"envs_{name}", ROOT / f"envs/{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCK, INSTALL = program("lock"), program("install")


def requirements(name: str) -> list[Requirement]:
    return [Requirement(LOCK.line_of(block).removesuffix("\\")) for block in LOCK.blocks((ROOT / name).read_text())]


def normal(text: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(text).name).lower()


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_is_one_version_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = LOCK.blocks(text)
    assert len(blocks) > 100 and not set(text.splitlines()[1:]) - {line for block in blocks for line in block.splitlines()}
    assert not [block for block in blocks if "--hash=sha256:" not in block]
    assert all(re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)) for requirement in requirements(name))


def test_the_lock_for_the_cpu_is_that_for_cuda_without_its_libraries() -> None:
    cuda = LOCK.blocks((ROOT / "requirements-cuda.lock").read_text())
    build = (ROOT / "envs/torch-cpu.txt").read_text()
    assert LOCK.HEADER + "".join(LOCK.without_cuda(cuda, build)) == (ROOT / "requirements.lock").read_text(), "run `make lock`"
    dropped = {requirement.name for requirement in requirements("requirements-cuda.lock")}
    dropped -= {requirement.name for requirement in requirements("requirements.lock")}
    assert {"triton", "nvidia-cudnn-cu13", "cuda-toolkit"} <= dropped and len(dropped) > 15
    with pytest.raises(ValueError, match=r"has 'torch==1.0\+cpu', the lock 'torch=="):
        LOCK.without_cuda(cuda, "torch==1.0+cpu\n    --hash=sha256:0\n")


def test_linux_takes_the_build_for_the_cpu_and_other_systems_that_of_pypi() -> None:
    for system, local in (("linux", "cpu"), ("darwin", None)):
        torch = [entry for entry in requirements("requirements.lock") if entry.name == "torch"]
        here = [entry for entry in torch if entry.marker is not None and entry.marker.evaluate({"sys_platform": system})]
        assert [next(iter(entry.specifier)).version.partition("+")[2] or None for entry in here] == [local]


def test_tools_of_developers_are_apart() -> None:
    user = {requirement.name for requirement in requirements("requirements-cuda.lock")}
    tools = {requirement.name for requirement in requirements("requirements-dev.lock")}
    extras = PROJECT["optional-dependencies"]
    assert {normal(text) for text in PROJECT["dependencies"]} <= user
    assert {normal(text) for text in [*extras["dev"], *extras["docs"]]} <= user | tools
    assert not user & {"pytest", "ruff", "mypy", "mkdocs", "jupyter", "jupyterlab", "opencv-python-headless", "scikit-image"}


def test_a_package_has_one_version_in_all_locks() -> None:
    """On one Python: another one may need an older version."""
    for python in ("3.11.0", "3.11.9", "3.13.1"):
        environment = {"python_full_version": python, "python_version": python.rpartition(".")[0], "sys_platform": "linux"}
        found: dict[str, set[str]] = {}
        for name in NAMES:
            for entry in requirements(name):
                if entry.marker is None or entry.marker.evaluate(environment):
                    found.setdefault(entry.name, set()).add(str(entry.specifier).partition("+")[0])
        assert not {name: versions for name, versions in found.items() if len(versions) > 1}


def test_the_oldest_python_can_install_every_lock() -> None:
    """What is installed here says which Python it needs; lines that the oldest one does not read are passed over."""
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    checked = 0
    for entry in [entry for name in NAMES for entry in requirements(name)]:
        if entry.marker is not None and not entry.marker.evaluate({"python_full_version": oldest}):
            continue
        try:
            about = metadata(entry.name)
        except PackageNotFoundError:  # of another system
            continue
        if about["Version"].partition("+")[0] == str(entry.specifier).removeprefix("==").partition("+")[0]:
            needed = about.get("Requires-Python", "")
            assert SpecifierSet(needed).contains(oldest), f"{entry}: Python {needed}"
            checked += 1
    assert checked > 100


def test_settings_of_pip_hold_for_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "global.find-links='/a /b'\n:env:.index-url='https://mirror'\nglobal.index-url='https://old'\nglobal.timeout='9'\n"
    monkeypatch.setattr(INSTALL.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=listed))
    for name in INSTALL.SETTINGS.values():
        monkeypatch.delenv(name, raising=False)
    settings = INSTALL.pip_settings(["pip"])
    assert INSTALL.for_uv(settings) == {"UV_FIND_LINKS": "/a,/b", "UV_DEFAULT_INDEX": "https://mirror"}
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine")
    assert INSTALL.for_uv(settings) == {"UV_FIND_LINKS": "/a,/b"}


class Offering:
    """An installer whose indexes have a build for the CPU, or have none."""

    def __init__(self, has: bool) -> None:
        self.has = has

    def run(self, *options: str, quiet: bool = False) -> bool:
        assert options[0] == "--dry-run" and re.fullmatch(r"torch==[\d.]+\+cpu", options[1]) and quiet
        return self.has


@pytest.mark.parametrize(
    ("asked", "system", "driver", "offered", "taken"),
    [
        ("auto", "linux", None, True, "cpu"),
        ("auto", "linux", None, False, "cuda"),
        ("auto", "linux", "/usr/bin/nvidia-smi", True, "cuda"),
        ("auto", "darwin", None, False, "cpu"),
        ("cpu", "linux", "/usr/bin/nvidia-smi", True, "cpu"),
        ("cuda", "linux", None, True, "cuda"),
    ],
)
def test_which_torch(
    asked: str, system: str, driver: str | None, offered: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(INSTALL.shutil, "which", lambda _: driver)
    assert INSTALL.variant(asked, Offering(offered)) == taken


def test_a_build_for_the_cpu_that_nobody_has_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(SystemExit, match=r"no index has torch==[\d.]+\+cpu .*TORCH_INDEX=address.*TORCH=cuda"):
        INSTALL.variant("cpu", Offering(False))


@pytest.mark.parametrize("with_uv", [True, False])
def test_uv_is_taken_where_it_is_on_path(with_uv: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """Stand-ins for both write down what they are asked; a hash is asked for by each."""
    for name in ("uv", "python"):
        script = tmp_path / "venv/bin" / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\necho "{name} $@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}/venv/bin:/usr/bin:/bin" if with_uv else "/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", ["install.py", "--into", str(tmp_path / "venv"), "--torch", "cuda"])
    with pytest.raises(SystemExit) as ended:
        INSTALL.main()
    assert not ended.value.code
    asked = [line for line in capfd.readouterr().out.splitlines() if " config list" not in line]
    assert asked[0] == f"requirements-cuda.lock, by {'uv' if with_uv else 'pip'}"
    start = f"uv pip install --python {tmp_path}/venv/bin/python" if with_uv else "python -m pip install"
    assert len(asked) == 3 and all(line.startswith(start) and " --no-deps " in line for line in asked[1:])
    assert asked[1].endswith("--require-hashes --requirement requirements-cuda.lock") and asked[2].endswith("--editable .")
