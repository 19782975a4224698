"""The commands of the shell: all on one screen, each with its own help, none imported before it is given."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from lethe.__main__ import main
from lethe.commands.listed import COMMANDS, overview


def test_help_is_one_screen_and_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0 and main([]) == 2
    shown = capsys.readouterr().out
    assert len(overview().splitlines()) <= 40 and max(map(len, overview().splitlines())) <= 100
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_help_starts_without_what_commands_import() -> None:
    code = "import sys; from lethe.__main__ import main; main(['--help']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"torch", "pandas", "pydantic", "snakemake", "numpy"} & set(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    command = importlib.import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(prog=f"lethe {name}", description=command.DESCRIPTION)
    command.add_arguments(parser)
    assert callable(command.run) and command.DESCRIPTION in " ".join(parser.format_help().split())


@pytest.mark.parametrize(("name", "status", "told"), [
    ("memory", 2, "no benchmark file with sampled memory"), ("cpu", 2, "no log of a finished job"),
    ("bench", 1, "no benchmark in"), ("claims", 1, "no finished tables in"),
])  # fmt: skip
def test_a_folder_without_results_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, status: int, told: str
) -> None:
    assert main([name, str(tmp_path / "none")]) == status
    said = capsys.readouterr()
    assert told in said.out + said.err and "none" in said.out + said.err


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verfy"]) == 2
    assert "there is no command 'verfy'; did you mean 'verify'?" in capsys.readouterr().err
