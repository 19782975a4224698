"""The command ``lethe`` (also ``python -m lethe``)."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from lethe.commands.listed import COMMANDS, overview
from lethe.core.registry import nearest

DECIDES_NO_RESULT = "answers the shell"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of the shell; returns its exit status: 0, 1 if something is wrong, 2 if it cannot be asked so."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(overview(), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    name = words[0]
    if name not in COMMANDS:
        print(f"lethe: there is no command '{name}'{nearest(name, list(COMMANDS))}\n{overview()}", file=sys.stderr)
        return 2
    command = importlib.import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(prog=f"lethe {name}", description=command.DESCRIPTION)
    command.add_arguments(parser)
    return int(command.run(parser.parse_args(words[1:])))


if __name__ == "__main__":
    sys.exit(main())
