"""Is a file what it should be, and is it whole? Magic bytes first, the whole file where nothing else vouches for it."""

from __future__ import annotations

import bz2
import csv
import gzip
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal

from lethe.core.registry import nearest
from lethe.io.members import UnsafeArchiveError, allowed_content, read_members
from lethe.io.pointers import lfs_pointer
from lethe.io.tables import CorruptFileError

Kind = Literal["tar.gz", "gz", "zip", "parquet", "bz2", "csv", "mat"]

MAGIC: dict[str, bytes] = {
    "tar.gz": b"\x1f\x8b",
    "gz": b"\x1f\x8b",
    "zip": b"PK\x03\x04",
    "parquet": b"PAR1",
    "bz2": b"BZh",
    "mat": b"MATLAB 5.0 MAT-file",
}
PAGES = (b"<!doctype", b"<html", b"<head", b"<body", b"<!--", b"<?xml", b"<error")  # what servers send in place of a file
ANSWERS = (b"{", b"[", b"<")  # JSON, XML: never the begin of a csv
MARK = b"\xef\xbb\xbf"  # some programs begin UTF-8 files with it
HEAD = 4096  # bytes that are looked at
LINE = 2**16  # bytes of a table's first line
CHUNK = 2**20


def wrong_format(path: Path, kind: Kind) -> str:
    """Why a file cannot be of this kind, from its first bytes; an empty string if it may be."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if not head:
        return "it is empty"
    if pointer := lfs_pointer(path):
        return pointer
    text = head.removeprefix(MARK).lstrip().lower()
    if text.startswith(PAGES):
        return f"not a {kind} file but starts with {head[:20]!r}; a web page, of a network that asks for a login?"
    if kind in MAGIC and not head.startswith(MAGIC[kind]):
        return f"not a {kind} file but starts with {head[:20]!r}; expected {MAGIC[kind]!r}"
    if kind == "csv" and text.startswith(ANSWERS):
        return f"not a csv file but starts with {head[:20]!r}; an error message of the server in JSON or XML?"
    if kind == "csv" and (b"\0" in head or b"," not in head.splitlines()[0]):
        return f"not a csv file: its first line is {head.splitlines()[0][:60]!r}; expected names separated by commas"
    return ""


def incomplete(path: Path, kind: Kind) -> str:
    """Why a file of this kind is not whole, from all of its bytes; an empty string if it is. A csv has no mark of its end.

    Raises:
        UnsafeArchiveError: an archive that would not be unpacked (``lethe.io.members``).
    """
    try:
        if kind in ("tar.gz", "zip"):
            for member in read_members(path):
                for _ in member.content:
                    pass
        elif kind in ("gz", "bz2"):
            with gzip.open(path) if kind == "gz" else bz2.open(path) as stream:
                _exhaust(stream, allowed_content(path))
        elif kind == "parquet":
            with open(path, "rb") as file:
                file.seek(-len(MAGIC["parquet"]), 2)
                if file.read() != MAGIC["parquet"]:
                    return "it does not end with b'PAR1'"
    except UnsafeArchiveError:
        raise
    except (EOFError, OSError, zlib.error, CorruptFileError) as error:
        return str(error)
    return ""


def missing_columns(path: Path, kind: Kind, columns: Sequence[str]) -> str:
    """Why a table (csv, also in gz or bz2, or parquet) lacks one of ``columns``; an empty string if it has them all."""
    if not columns:
        return ""
    try:
        if kind == "parquet":
            import pyarrow.parquet as pq

            found = list(pq.read_schema(path).names)
        else:
            openers: dict[str, Callable[[Path], IO[bytes]]] = {"gz": gzip.open, "bz2": bz2.open}  # type: ignore[dict-item]
            with openers.get(kind, lambda path: open(path, "rb"))(path) as file:
                line = file.readline(LINE).removeprefix(MARK).decode()
            found = next(csv.reader([line]), [])
    except (EOFError, OSError, ValueError, csv.Error, zlib.error) as error:
        return f"its columns cannot be read ({error}); expected {', '.join(columns)}"
    if missing := [column for column in columns if column not in found]:
        near = nearest(missing[0], found)
        return f"no column '{missing[0]}'; expected {', '.join(columns)}, found {', '.join(found)[:200] or 'none'}{near}"
    return ""


def _exhaust(stream: gzip.GzipFile | bz2.BZ2File, allowed: int) -> None:
    while block := stream.read(CHUNK):
        allowed -= len(block)
        if allowed < 0:
            raise OSError("it unpacks to far more bytes than any data set's file")
