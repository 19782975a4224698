"""Hashes of files and of plain data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


class HashMismatchError(ValueError):
    """A file does not hold the bytes that its record promises."""


def sha256_file(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes.

    Examples:
        >>> Path("empty").touch()
        >>> sha256_file("empty")[:12]
        'e3b0c44298fc'
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_data(data: Any) -> str:
    """Hex SHA-256 of the canonical JSON (sorted keys, no blanks) of plain data.

    Examples:
        >>> sha256_data({"a": 1, "b": 2}) == sha256_data({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
