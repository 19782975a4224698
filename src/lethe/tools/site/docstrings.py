"""Docstrings as the site's reader expects them: an extension of Griffe (mkdocs.yml)."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

EXAMPLE = re.compile(r"^(\s*)Example:$", re.MULTILINE)
SEVERAL = re.compile(r"^(?P<margin>\s+)(?P<names>\w+(?:, \w+)+): (?P<text>.*)$", re.MULTILINE)


def readable(docstring: str) -> str:
    """Our docstrings' shorter forms written out: an example is a section, several parameters may share a line.

    Example:
        >>> readable("Add.\\n\\nArgs:\\n    a, b: numbers.")
        'Add.\\n\\nArgs:\\n    a: numbers.\\n    b: numbers.'
    """

    def split(match: re.Match[str]) -> str:
        return "\n".join(f"{match['margin'].lstrip(chr(10))}{name}: {match['text']}" for name in match["names"].split(", "))

    titled = EXAMPLE.sub(r"\1Examples:", docstring)
    paragraphs = [
        f"Examples:\n{textwrap.indent(paragraph, '    ')}" if paragraph.startswith(">>> ") else paragraph
        for paragraph in titled.split("\n\n")
    ]
    return SEVERAL.sub(split, "\n\n".join(paragraphs))


class Readable(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Of modules, classes, functions and attributes."""
        if obj.docstring:
            obj.docstring.value = readable(obj.docstring.value)
