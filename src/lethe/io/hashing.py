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
