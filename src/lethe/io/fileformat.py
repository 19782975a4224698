"""Is a file what it should be, and is it whole? Magic bytes first, the whole file where nothing else vouches for it."""

from __future__ import annotations

import bz2
import gzip
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from lethe.io.pointers import lfs_pointer

Kind = Literal["tar.gz", "gz", "zip", "parquet", "bz2", "csv", "mat"]

MAGIC: dict[str, bytes] = {
    "tar.gz": b"\x1f\x8b",
    "gz": b"\x1f\x8b",
    "zip": b"PK\x03\x04",
    "parquet": b"PAR1",
    "bz2": b"BZh",
    "mat": b"MATLAB 5.0 MAT-file",
}
PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml")  # what servers send in place of a file
HEAD = 4096  # bytes that are looked at
CHUNK = 2**20


def wrong_format(path: Path, kind: Kind) -> str:
    """Why a file cannot be of this kind, from its first bytes; an empty string if it may be."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if not head:
        return "it is empty"
    if pointer := lfs_pointer(path):
        return pointer
    if head.lstrip().lower().startswith(PAGES):
        return f"not a {kind} file but starts with {head[:20]!r}; a web page, of a network that asks for a login?"
    if kind in MAGIC and not head.startswith(MAGIC[kind]):
        return f"not a {kind} file but starts with {head[:20]!r}; expected {MAGIC[kind]!r}"
    if kind == "csv" and (b"\0" in head or b"," not in head.splitlines()[0]):
        return f"not a csv file: its first line is {head.splitlines()[0][:60]!r}; expected names separated by commas"
    return ""


def incomplete(path: Path, kind: Kind) -> str:
    """Why a file of this kind is not whole, from all of its bytes; an empty string if it is. A csv has no mark of its end."""
    try:
        if kind in ("tar.gz", "gz"):
            with gzip.open(path) as stream:
                _exhaust(stream)
        elif kind == "bz2":
            with bz2.open(path) as stream:
                _exhaust(stream)
        elif kind == "zip":
            with zipfile.ZipFile(path) as archive:
                if damaged := archive.testzip():
                    return f"member '{damaged}' is damaged"
        elif kind == "parquet":
            with open(path, "rb") as file:
                file.seek(-len(MAGIC["parquet"]), 2)
                if file.read() != MAGIC["parquet"]:
                    return "it does not end with b'PAR1'"
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        return str(error)
    return ""


def _exhaust(stream: gzip.GzipFile | bz2.BZ2File) -> None:
    while stream.read(CHUNK):
        pass
