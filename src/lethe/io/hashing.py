"""Hashes of files and of plain data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


class HashMismatchError(ValueError):
    """A file does not hold the bytes that its record promises."""


def sha256_file(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_data(data: Any) -> str:
    """Hex SHA-256 of the canonical JSON (sorted keys, no blanks) of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_sha256(path: str | Path, expected: str) -> None:
    """Raise ``HashMismatchError`` naming the file and both hashes unless they agree."""
    found = sha256_file(path)
    if found != expected:
        raise HashMismatchError(f"{path}: sha256 is {found}, its record says {expected}; the file is damaged or was replaced")
