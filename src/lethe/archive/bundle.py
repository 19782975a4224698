"""Bundles: deterministic tars of published files, written from a results folder and unpacked into one.

Nothing that a bundle says is believed: names, types, sizes and hashes come from the manifest, and a tar that differs from it in
anything is refused before the first file appears under its name.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from lethe.archive.errors import BundleError
from lethe.archive.manifest import Bundle, Member, relative_path
from lethe.io.atomic import atomic_path
from lethe.io.checksums import remake
from lethe.io.shards import scan_tar
from lethe.io.tables import CorruptFileError
from lethe.settings.archive import Kind

CHUNK = 1 << 20


class _Hashing(io.RawIOBase):
    """A file that hashes what passes through it."""

    def __init__(self, file: IO[bytes], *hashes: Any) -> None:
        self._file, self._hashes, self.length = file, hashes, 0

    def _pass(self, data: bytes) -> bytes:
        for digest in self._hashes:
            digest.update(data)
        self.length += len(data)
        return data

    def read(self, size: int = -1) -> bytes:
        return self._pass(self._file.read(size))

    def write(self, data: Any) -> int:
        return self._file.write(self._pass(bytes(data)))

    def tell(self) -> int:
        return self.length


def write_bundle(tar_path: str | Path, folder: str | Path, paths: Sequence[str], kind: Kind) -> Bundle:
    """Pack files of a results folder into a tar, atomically; equal files give equal bytes.

    Args:
        tar_path: the tar to write.
        folder: the results folder, e.g. ``results/mini``.
        paths: files relative to it; packed in sorted order.
        kind: class of the artefacts.

    Returns:
        The bundle's entry of the manifest.

    Raises:
        BundleError: if a path is not a plain relative one, or its file is no regular file.
    """
    folder, tar_path = Path(folder), Path(tar_path)
    members: list[Member] = []
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with atomic_path(tar_path) as part, open(part, "wb") as file:
        out = _Hashing(file, sha256, md5)
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path in sorted(paths):
                source = folder / path
                try:
                    info = tarfile.TarInfo(relative_path(path))  # mtime, uid and gid are 0, the names empty
                except ValueError as error:
                    raise BundleError(f"{tar_path.name}: '{path}' is {error}") from None
                if not source.is_file():
                    raise BundleError(f"{tar_path.name}: {source} is not a file")
                info.size, info.mode = source.stat().st_size, 0o644
                digest = hashlib.sha256()
                with open(source, "rb") as content:
                    tar.addfile(info, _Hashing(content, digest))
                members.append(Member(path=path, kind=kind, size=info.size, sha256=digest.hexdigest()))
    return Bundle(file=tar_path.name, size=out.length, sha256=sha256.hexdigest(), md5=md5.hexdigest(), members=members)


def check_bundle(tar_path: str | Path, bundle: Bundle) -> None:
    """Raise a ``BundleError`` unless the file has the size and the SHA-256 that the manifest lists."""
    tar_path = Path(tar_path)
    if (size := tar_path.stat().st_size) != bundle.size:
        raise BundleError(f"{tar_path}: {size} bytes, the manifest lists {bundle.size}; it is truncated or another file")
    with open(tar_path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != bundle.sha256:
        raise BundleError(
            f"{tar_path}: sha256 is {found}, the manifest lists {bundle.sha256}; fetch it again: {remake(tar_path)}"
        )


def unpack(tar_path: str | Path, bundle: Bundle, folder: str | Path, paths: Sequence[str] | None = None) -> list[Path]:
    """Write members of a bundle below ``folder``: all of them, or those named.

    The tar must hold exactly the regular files that the manifest lists, in its order. Sizes and SHA-256 are verified before the
    first file is renamed into place, so a refused bundle leaves nothing behind. What is wanted from a large bundle is read
    by seeking; ``check_bundle`` is for the whole of it.

    Args:
        tar_path: the bundle.
        bundle: its entry of the manifest.
        folder: where ``member.path`` is relative to.
        paths: members to unpack; all by default.

    Returns:
        The files written.

    Raises:
        BundleError: if the tar differs from its entry, lacks a named member, or a member would leave ``folder`` through a link.
    """
    tar_path, folder = Path(tar_path), Path(folder)
    places = _places(tar_path, bundle)
    listed = {member.path: member for member in bundle.members}
    if unknown := sorted(set(paths or ()) - set(listed)):
        raise BundleError(f"{tar_path.name}: the manifest lists no member '{unknown[0]}' in it ({len(listed)} others)")
    wanted = list(listed) if paths is None else list(dict.fromkeys(paths))
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.resolve()
    with open(tar_path, "rb") as tar, ExitStack() as stack:
        for path in wanted:
            if not (folder / path).resolve().is_relative_to(root):
                raise BundleError(f"{tar_path.name}: member '{path}' would be written outside {folder}, through a link there")
            part = stack.enter_context(atomic_path(folder / path))
            _copy(tar, places[path], listed[path], part, tar_path)
    return [folder / path for path in wanted]


def _places(tar_path: Path, bundle: Bundle) -> dict[str, int]:
    """member -> offset of its bytes, from a tar whose headers agree with the manifest."""
    size = tar_path.stat().st_size
    if size != bundle.size:
        raise BundleError(f"{tar_path}: {size} bytes, the manifest lists {bundle.size}; it is truncated or another file")
    try:
        found = scan_tar(tar_path)
    except CorruptFileError as error:
        raise BundleError(str(error)) from None
    expected = [(member.path, member.size) for member in bundle.members]
    for place, (name, _, length) in enumerate(found):
        if place >= len(expected) or (name, length) != expected[place]:
            known = f"'{expected[place][0]}' of {expected[place][1]}" if place < len(expected) else "nothing"
            raise BundleError(f"{tar_path}: member {place} is {name!r} of {length} bytes, the manifest lists {known}")
    if len(found) < len(expected):
        raise BundleError(f"{tar_path}: {len(found)} members, the manifest lists {len(expected)}")
    return {name: offset for name, offset, _ in found}


def _copy(tar: IO[bytes], offset: int, member: Member, destination: Path, tar_path: Path) -> None:
    digest = hashlib.sha256()
    tar.seek(offset)
    left = member.size
    with open(destination, "wb") as out:
        while left and (block := tar.read(min(CHUNK, left))):
            digest.update(block)
            out.write(block)
            left -= len(block)
    if left or digest.hexdigest() != member.sha256:
        raise BundleError(
            f"{tar_path}, member '{member.path}': sha256 is {digest.hexdigest()}, the manifest lists {member.sha256}"
        )
