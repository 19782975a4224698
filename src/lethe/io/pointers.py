"""Git LFS pointers: the few lines of text that a clone without Git LFS leaves in the place of a large file."""

from __future__ import annotations

import os.path
from pathlib import Path

FIRST_LINE = b"version https://git-lfs.github.com/spec/"
LONGEST = 1024  # bytes of a pointer, by its specification


def lfs_pointer(path: str | Path) -> str:
    """What a file is and how to get the real one, if it is a Git LFS pointer; else an empty string, also where there is no file.

    Source: the specification of Git LFS pointers, https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
    """
    if not os.path.isfile(path):  # also False for a text that is no path, such as "x.jsonl, line 3"
        return ""
    with open(path, "rb") as file:
        if file.read(len(FIRST_LINE)) != FIRST_LINE:
            return ""
        size = next((line[5:] for line in file.read(LONGEST).splitlines() if line.startswith(b"size ")), b"?")
    return (
        f"a Git LFS pointer, not the file of {size.decode('ascii', 'replace')} bytes that it stands for; get that with `git lfs pull` "
        "in the clone that it is from, or load it down from the repository's page (Hugging Face: the address with /resolve/)"
    )
