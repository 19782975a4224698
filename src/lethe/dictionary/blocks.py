"""Code blocks of a page and what they print: ``python -m lethe.dictionary.blocks docs/read-the-tables.md`` writes the answers anew.

A page holds blocks of Python, each followed by a block of the text that it prints. All blocks of a page share their names, from the first
to the last, as in a session. They read the results that lie in the folder where the command runs.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

from lethe.io.atomic import write_text

BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?:\n\n```text\n(?P<printed>.*?)```)?", re.DOTALL)


def renewed(page: str) -> str:
    """The page with what its blocks print now, where they are followed by a block of text.

    >>> print(renewed("```python\\nprint(1 + 1)\\n```\\n\\n```text\\n3\\n```"))
    ```python
    print(1 + 1)
    ```
    <BLANKLINE>
    ```text
    2
    ```
    """
    names: dict[str, Any] = {}

    def again(block: re.Match[str]) -> str:
        printed = run(block["code"], names)
        code = f"```python\n{block['code']}```"
        return code if block["printed"] is None else f"{code}\n\n```text\n{printed}```"

    return BLOCK.sub(again, page)


def answers(page: str) -> list[str]:
    """The blocks of text of a page, in their order."""
    return [block["printed"] for block in BLOCK.finditer(page) if block["printed"] is not None]


def run(code: str, names: dict[str, Any]) -> str:
    """What ``code`` prints, without blanks at the end of lines.

    Args:
        names: that it knows; those that it defines are added.
    """
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, names)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write_text(Path(argument), renewed(Path(argument).read_text()))
