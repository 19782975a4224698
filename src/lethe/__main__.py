"""The command ``lethe`` (also ``python -m lethe``)."""

from __future__ import annotations

import argparse
import sys

from lethe.registry import UnknownNameError
from lethe.verify import roots, text, verify

DECIDES_NO_RESULT = "answers the shell"


def main(arguments: list[str] | None = None) -> int:
    """Run a command of the shell; returns its exit status: 0, 1 if something is wrong, 2 if it cannot be asked so."""
    parser = argparse.ArgumentParser(
        prog="lethe", description="What does a vision model lose besides the thing it was told to forget?"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser(
        "verify",
        help="hold finished files against the hashes that their jobs wrote",
        description="Read every finished file and compare it with the hash that its job wrote. Names what is damaged and how to make it again.",
    )
    verifying.add_argument("world", nargs="*", help="name of a world, e.g. mini; without one: all worlds, and the downloads")
    asked = parser.parse_args(arguments)
    try:
        verdicts = [verify(root) for root in roots(asked.world)]
    except UnknownNameError as error:
        print(f"lethe verify: {error}", file=sys.stderr)
        return 2
    print("\n".join(text(verdict) for verdict in verdicts) or "nothing is finished yet: there is no folder results/ here")
    return 1 if any(verdict.wrong for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
