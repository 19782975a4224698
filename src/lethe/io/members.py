"""The members of a tar or zip, read strictly: regular files and folders with plain names, and nothing else.

Archives come from other people, two of the paper's without a published checksum. No data set needs a link, a device or a name
that leads elsewhere, so each of them is refused. ``tarfile`` and ``zipfile`` only parse; what is written, and where, is decided from
what stands here, and their own filters are not relied on (CVE-2025-4517 defeats that of ``tarfile`` before Python 3.11.13).
"""

from __future__ import annotations

import gzip
import io
import re
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from lethe.io.tables import CorruptFileError, readable
from lethe.io.wording import shortened

# The largest archive of config/downloads.yaml holds 14,340 images in 1.8 GB; the best compressed one, tables of votes, about 30:1.
MEMBERS = 100_000  # files and folders
SIZE = 20 * 10**9  # bytes of all files
RATIO = 100  # bytes of all files per byte of the archive; a bomb has 1,000 and more
SMALL = 10**6  # bytes that any archive may unpack to
NAME, PATH = 255, 1000  # bytes of a file name (the limit of common file systems) and of a whole path
HEADERS = 2**13  # bytes before the content of a tar's member; tarfile needs quadratic time for hostile ones (CVE-2024-6232)
PADDING = 2**20  # bytes after the last member of a tar
CHUNK = 2**20
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second: without members
GZIP = b"\x1f\x8b"
LOCAL = 30  # bytes of a zip's local header before the name
ENCRYPTED = 0x1 | 0x40 | 0x2000  # flags: encrypted, strongly encrypted, names hidden
REMEDY = "; get it anew"


class UnsafeArchiveError(CorruptFileError):
    """An archive with a member that no data set needs: a link, a name that leads out of the folder, a bomb."""


class Member(NamedTuple):
    """One file or folder.

    Attributes:
        name: as the archive spells it.
        parts: of its path; plain names.
        folder: whether it is one; else a regular file.
        size: bytes of the file.
        content: its bytes, once, in blocks, ``size`` in all; may be left unread.
    """

    name: str
    parts: tuple[str, ...]
    folder: bool
    size: int
    content: Iterator[bytes]


def read_members(archive: Path) -> Iterator[Member]:
    """Members in the order of a tar, a tar.gz or a zip; which of them it is, its first bytes say.

    Raises:
        UnsafeArchiveError: a member is neither regular file nor folder, has a name that is not plain or is the place of another
            member, or members are more, larger or better compressed than any data set's. Archive and member are named.
        CorruptFileError: it is no such archive, truncated, or has something behind its end.
    """
    with open(archive, "rb") as file:
        head = file.read(4)
    kind = "zip" if head in ZIP else "tar.gz" if head.startswith(GZIP) else "tar"
    for suffix, expected in ((".zip", "zip"), (".tar.gz", "tar.gz"), (".tgz", "tar.gz")):
        if archive.name.lower().endswith(suffix) and kind != expected:
            raise CorruptFileError(f"{archive}: not a {expected} but starts with {head!r}{REMEDY}")
    places = _Places()
    allowed = allowed_content(archive)
    total = count = 0
    for member in _zip_members(archive) if kind == "zip" else _tar_members(archive, kind == "tar.gz"):
        total, count = total + member.size, count + 1
        problem = _name_problem(member) or places.take(member.parts, member.folder)
        if total > allowed:
            problem = (
                f"brings the content to {total} bytes; allowed are {allowed} of an archive of {archive.stat().st_size} bytes"
            )
        if max(count, len(places.taken)) > MEMBERS:
            problem = f"is one too many; allowed are {MEMBERS} files and folders"
        if problem:
            raise _unsafe(archive, member.name, problem)
        if member.parts:
            yield member


def allowed_content(archive: Path) -> int:
    """The bytes to which a compressed file may unpack."""
    return min(SIZE, max(SMALL, RATIO * archive.stat().st_size))


class _Places:
    """The paths of an archive, so that no two members share one on any file system."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[str, bool]] = {}

    def take(self, parts: tuple[str, ...], folder: bool) -> str:
        """Why a member cannot lie there beside those before it; an empty string if it can. A folder may be met again."""
        for end in range(1, len(parts) + 1):
            found = ("/".join(parts[:end]), folder or end < len(parts))
            # file systems that do not tell cases or Unicode forms apart would write one over the other (Unicode, D145)
            folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", found[0]).casefold())
            known = self.taken.setdefault(folded, found)
            if known is not found and (known != found or not found[1]):
                other = f"the {'folder' if known[1] else 'file'} {_quoted(known[0])}"
                return (
                    f"takes the place of {other}"
                    if known[0] == found[0]
                    else f"differs from {other} in case or Unicode form only"
                )
        return ""


def _name_problem(member: Member) -> str:
    name, parts = member.name, member.parts
    if not parts and not member.folder:
        return "has no name"
    if name.startswith("/") or ".." in parts or any(re.match("[A-Za-z]:", part) for part in parts) or "\\" in name:
        return "has a name that leads out of the folder ('/' at its start, '..', a drive, '\\')"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return "has a name with control characters, or that is no UTF-8"
    longest = max((len(part.encode()) for part in parts), default=0)
    if longest > NAME or len(name.encode()) > PATH:
        return f"has a name of {longest} and a path of {len(name.encode())} bytes; allowed are {NAME} and {PATH}"
    return ""


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/") if part not in ("", "."))


def _quoted(name: str) -> str:
    return shortened(repr(name), 300)


def _unsafe(archive: Path, member: str, problem: str) -> UnsafeArchiveError:
    return UnsafeArchiveError(f"{archive}: member {_quoted(member)} {problem}; nothing of the archive was unpacked")


# --- tar ----------------------------------------------------------------------------------------------------------


class _Forward(io.RawIOBase):
    """A stream that is only read forward, and not beyond ``budget`` bytes; ``last`` is what the last call read."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self.stream, self.place, self.budget, self.last = stream, 0, HEADERS, b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.budget:
            raise ValueError(f"{size} bytes of headers at byte {self.place}; allowed are {self.budget}")
        self.last = self.stream.read(size)
        self.place += len(self.last)
        self.budget -= len(self.last)
        return self.last

    def tell(self) -> int:
        return self.place

    def seek(self, place: int, whence: int = 0) -> int:
        if whence or place < self.place:
            raise ValueError(f"a header leads back from byte {self.place} to {place}")
        while self.place < place and self.read(min(CHUNK, place - self.place)):
            pass
        return self.place


def _tar_members(archive: Path, compressed: bool) -> Iterator[Member]:
    last = "none"
    with gzip.GzipFile(archive) if compressed else open(archive, "rb") as file, ExitStack() as stack:
        source = _Forward(file)
        with readable(archive, "a readable archive", REMEDY):
            tar = stack.enter_context(tarfile.open(fileobj=source, mode="r:"))  # reads, seeks, tells
        while True:
            with readable(f"{archive}, after member {_quoted(last)}", "a readable archive", REMEDY):
                info = tar.next()
            if info is None:
                break
            tar.members.clear()  # type: ignore[attr-defined]  # kept for random access
            last = info.name
            if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or info.issparse():
                raise _unsafe(archive, info.name, f"is {_tar_kind(info)}; allowed are regular files and folders")
            if info.size < 0:
                raise _unsafe(archive, info.name, f"has {info.size} bytes")
            size = 0 if info.isdir() else info.size
            end = max(tar.offset, source.place + size)
            source.budget = end - source.place
            yield Member(info.name, _parts(info.name), info.isdir(), size, _tar_content(archive, info.name, source, size))
            with readable(f"{archive}, member {_quoted(last)}", "a readable member", REMEDY):
                if source.seek(end) < end:
                    raise EOFError(f"truncated at byte {source.place} of {end}")
            source.budget = HEADERS
        # tarfile takes a damaged header for the end of the archive
        with readable(f"{archive}, after member {_quoted(last)}", "a readable archive", REMEDY):
            if len(source.last) < tarfile.BLOCKSIZE or any(source.last):
                raise ValueError(
                    f"no header of a member before byte {source.place}, and not the end of the archive: damaged or truncated"
                )
            source.budget = PADDING
            while block := source.read(min(CHUNK, source.budget)):
                if any(block):
                    raise ValueError("something else behind its end")
            if file.read(1):
                raise ValueError(f"more than {PADDING} bytes of padding behind its end")


def _tar_content(archive: Path, name: str, source: _Forward, size: int) -> Iterator[bytes]:
    end = source.place + size
    while source.place < end:
        with readable(f"{archive}, member {_quoted(name)}", "a readable member", REMEDY):
            if not (block := source.read(min(CHUNK, end - source.place))):
                raise EOFError(f"truncated, {end - source.place} bytes are missing")
        yield block


def _tar_kind(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return f"a {'symbolic' if info.issym() else 'hard'} link to {_quoted(info.linkname)}"
    if info.issparse() or info.type == tarfile.GNUTYPE_SPARSE:
        return "a sparse file"
    return "a device or a pipe" if info.isdev() else f"an entry of the unknown type {info.type!r}"


# --- zip ----------------------------------------------------------------------------------------------------------


def _zip_members(archive: Path) -> Iterator[Member]:
    with ExitStack() as stack:
        with readable(archive, "a readable archive", REMEDY):
            file = stack.enter_context(zipfile.ZipFile(archive))
        members = file.infolist()
        if problem := next(filter(None, map(_zip_problem, members)), None):
            raise _unsafe(archive, *problem)
        _check_overlap(archive, file, members)
        for info in members:
            yield Member(
                info.orig_filename, _parts(info.orig_filename), info.is_dir(), info.file_size, _zip_content(archive, file, info)
            )


def _zip_problem(info: zipfile.ZipInfo) -> tuple[str, str] | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR and not info.is_dir()):
        what = "a symbolic link" if kind == stat.S_IFLNK else "no regular file or folder"
        return info.orig_filename, f"is {what} (mode {info.external_attr >> 16:o}); allowed are regular files and folders"
    if info.flag_bits & ENCRYPTED:
        return info.orig_filename, "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return info.orig_filename, f"is compressed by method {info.compress_type}; allowed are 0 (stored) and 8 (deflate)"
    if info.is_dir() and info.file_size:
        return info.orig_filename, f"is a folder of {info.file_size} bytes"
    if "\0" not in info.orig_filename and info.filename != info.orig_filename:
        return info.orig_filename, f"has a second name, {_quoted(info.filename)}"
    return None


def _check_overlap(archive: Path, file: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Members that share bytes are how a zip of kilobytes unpacks to petabytes."""
    end, before = 0, ""
    for info in sorted(members, key=lambda info: info.header_offset):
        if info.header_offset < end or (not before and info.header_offset):
            problem = (
                f"begins inside member {_quoted(before)}" if before else f"is the first and begins at byte {info.header_offset}"
            )
            raise _unsafe(archive, info.orig_filename, problem)
        # at least: the local header may hold more
        end, before = info.header_offset + LOCAL + len(info.orig_filename) + info.compress_size, info.orig_filename
        if end > file.start_dir:
            raise _unsafe(archive, info.orig_filename, f"ends at byte {end}, behind the {file.start_dir} bytes of all members")


def _zip_content(archive: Path, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    found = 0
    with readable(f"{archive}, member {_quoted(info.orig_filename)}", "a readable member", REMEDY), file.open(info) as stream:
        while block := stream.read(CHUNK):
            found += len(block)
            yield block
        if found != info.file_size:
            raise ValueError(f"it holds {found} bytes, {info.file_size} were announced")
