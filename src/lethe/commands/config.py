"""``lethe config``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lethe.archive.citation import zenodo_json
from lethe.io.atomic import write_text
from lethe.settings.generate import default_yaml, json_schema

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = "Write config/config.yaml and its schema from the settings, and .zenodo.json from CITATION.cff, in the folder of the checkout."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command: none."""


def run(asked: argparse.Namespace) -> int:
    """Always 0."""
    write_text(Path("config/config.yaml"), default_yaml())
    write_text(Path("config/schemas/config.schema.json"), json_schema())
    write_text(Path(".zenodo.json"), zenodo_json(Path("CITATION.cff")))
    return 0
