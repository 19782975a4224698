"""One deterministic tar of pictures per model, with an index for random access.

Four hundred loose files per model cost more to list, copy and publish than to draw. An uncompressed tar keeps every PNG
readable by any tool; the index gives its offset and SHA-256, so one image is one seek and a damaged one is never believed.
Equal images give equal bytes (sorted as given, no times, no owners, fixed PNG settings) under the pinned Pillow.

A shard may hold latents in place of PNGs (members that end in ``LATENT``). They are asked for by the names of their pictures, and
decoded by what the reader is given: this module knows neither VAE nor torch.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError

from lethe.core.threads import thread_count
from lethe.io.atomic import atomic_path, write_bytes
from lethe.io.tables import CorruptFileError, read_parquet, write_parquet

BLOCK = 512  # tar header and padding unit, bytes
INDEX_COLUMNS = ("member", "sha256", "offset", "size")
WAITING = 64 * 10**6  # bytes of images that wait to be encoded, at most, or one image
PICTURE, LATENT = ".png", ".safetensors"  # endings of members

ShardRow = tuple[str, np.ndarray | bytes, Mapping[str, Any]]
"""Member name, uint8 image (h, w, 3) or (h, w) or the bytes of an encoded one, further index columns such as ``receiver, seed, prompt``."""


class Decoder(Protocol):
    """Makes pictures of the latents of a shard (``lethe.diffusion.kept.LatentDecoder``)."""

    def decode(self, encoded: Iterable[tuple[str, bytes]], alone: bool = False) -> Iterator[np.ndarray]:
        """uint8 (h, w, 3) of each, in the order given.

        Args:
            encoded: what to call it in an error, and the bytes of a member.
            alone: each by itself, which is faster where few are wanted; else in the batches in which they were drawn.
        """


def encode_png(image: np.ndarray) -> bytes:
    r"""PNG bytes of a uint8 image (h, w, 3) RGB or (h, w) grey; equal images give equal bytes under one Pillow version.

    Examples:
        >>> encode_png(np.zeros((4, 4), np.uint8))[:4]
        b'\x89PNG'
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(f"image is {image.dtype} {image.shape}; allowed are uint8 (h, w, 3) and (h, w)")
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, format="PNG", optimize=False, compress_level=6)
    return buffer.getvalue()


def index_path(tar_path: str | Path) -> Path:
    """The index beside a shard: ``x.tar`` -> ``x.parquet``.

    Examples:
        >>> str(index_path("images/objects_baseline.tar"))
        'images/objects_baseline.parquet'
    """
    return Path(tar_path).with_suffix(".parquet")


def write_tar(path: str | Path, rows: Iterable[ShardRow]) -> pd.DataFrame:
    """Stream rows into a tar, atomically, at most ``WAITING`` bytes of images in memory; return its index.

    PNGs are encoded in threads (Pillow compresses without the interpreter's lock), while the caller's iterator draws the next
    images; they are written in the order given.

    Returns:
        ``member``, the further columns of the rows, ``sha256`` (of the PNG bytes), ``offset`` (of the PNG in the tar), ``size``.

    Raises:
        ValueError: if a member is named twice, is no plain relative path, or no image.

    Examples:
        >>> index = write_tar("images.tar", [("003_42.png", np.zeros((4, 4, 3), np.uint8), {"receiver": 3, "seed": 42})])
        >>> index[["member", "receiver", "offset"]].values.tolist()
        [['003_42.png', 3, 512]]
    """
    records: list[dict[str, Any]] = []
    seen: set[str] = set()
    with atomic_path(path) as part, tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as tar:
        for member, columns, data in _encoded(rows):
            if not _is_plain(member):
                raise ValueError(f"{path}: member '{member}' is not a plain relative path")
            if member in seen:
                raise ValueError(f"{path}: member '{member}' is given twice")
            seen.add(member)
            if clash := {"member", "sha256", "offset", "size"} & set(columns):
                raise ValueError(f"{path}, member '{member}': column '{min(clash)}' is written by the shard itself")
            info = tarfile.TarInfo(member)  # mtime, uid and gid are 0, the names empty
            info.size, info.mode = len(data), 0o644
            place = {"offset": tar.offset + BLOCK, "size": len(data)}  # a USTAR header is one block
            tar.addfile(info, io.BytesIO(data))
            records.append({"member": member, **columns, "sha256": hashlib.sha256(data).hexdigest(), **place})
    return pd.DataFrame(records, columns=None if records else list(INDEX_COLUMNS))


def _encoded(rows: Iterable[ShardRow]) -> Iterator[tuple[str, Mapping[str, Any], bytes]]:
    """Member, further columns and PNG bytes of every row, in order."""
    waiting: deque[tuple[str, Mapping[str, Any], Future[bytes], int]] = deque()
    held = 0
    with ThreadPoolExecutor(thread_count(), "png") as pool:
        for member, image, columns in rows:
            size = len(image) if isinstance(image, bytes) else image.nbytes
            waiting.append((member, columns, pool.submit(_bytes_of, image), size))
            held += size
            while waiting and (held > WAITING or waiting[0][2].done()):
                first = waiting.popleft()
                held -= first[3]
                yield first[0], first[1], first[2].result()
        for member, columns, data, _ in waiting:
            yield member, columns, data.result()


def _bytes_of(image: np.ndarray | bytes) -> bytes:
    return image if isinstance(image, bytes) else encode_png(image)


def write_shard(tar_path: str | Path, rows: Iterable[ShardRow], index: str | Path | None = None) -> pd.DataFrame:
    """Write a tar and its index parquet (``index_path(tar_path)`` unless given); return the index.

    The tar comes first: after a kill in between, the index is missing or old, which ``ShardReader`` reports.

    Examples:
        >>> rows = [("003_42.png", np.zeros((4, 4, 3), np.uint8), {"receiver": 3, "seed": 42})]
        >>> _ = write_shard("images.tar", rows)
        >>> with ShardReader("images.tar") as shard:
        ...     shard.read("003_42.png").shape
        (4, 4, 3)
    """
    table = write_tar(tar_path, rows)
    write_parquet(index or index_path(tar_path), table)
    return table


def scan_tar(path: str | Path) -> list[tuple[str, int, int]]:
    """(member, offset, size) of every file of a tar in order, from its headers alone.

    Raises:
        CorruptFileError: if the tar is truncated, no plain tar, or holds a folder, link or device.

    Examples:
        >>> _ = write_tar("images.tar", [("003_42.png", np.zeros((4, 4, 3), np.uint8), {})])
        >>> [(member, offset) for member, offset, size in scan_tar("images.tar")]
        [('003_42.png', 512)]
    """
    length = Path(path).stat().st_size
    members: list[tuple[str, int, int]] = []
    position = 0
    with open(path, "rb") as file:
        while True:
            file.seek(position)
            block = file.read(BLOCK)
            last = members[-1][0] if members else "none"
            if len(block) < BLOCK:
                raise CorruptFileError(f"{path}: truncated at {length} bytes, last whole member '{last}'")
            if not any(block):
                return members
            try:
                info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            except (tarfile.HeaderError, UnicodeDecodeError) as error:
                raise CorruptFileError(f"{path}: no tar header at byte {position}, after member '{last}' ({error})") from error
            if not info.isreg() or info.size < 0:
                raise CorruptFileError(
                    f"{path}: member {info.name!r} at byte {position} is not a regular file; only those are read"
                )
            if position + BLOCK + info.size > length:
                raise CorruptFileError(
                    f"{path}: member '{info.name}' ends at byte {position + BLOCK + info.size}, the file at {length}: it is truncated"
                )
            ordinary = info.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
            if not ordinary or not _is_plain(info.name):
                kind = "not a plain relative path" if ordinary else "a link or another special entry"
                raise CorruptFileError(
                    f"{path}: member '{info.name}' at byte {position} is {kind}; the shard was not written by Lethe"
                )
            members.append((info.name, position + BLOCK, info.size))
            position += BLOCK + -(-info.size // BLOCK) * BLOCK


def _is_plain(member: str) -> bool:
    pure = PurePosixPath(member)
    return bool(member) and not pure.is_absolute() and ".." not in pure.parts and str(pure) == member


def _check_index(name: str | Path, table: pd.DataFrame) -> None:
    for column in INDEX_COLUMNS:
        if column not in table.columns:
            raise CorruptFileError(f"{name}: no column '{column}'; needed: {', '.join(INDEX_COLUMNS)}")
        wanted: type = str if column in ("member", "sha256") else int
        for row, value in enumerate(table[column].tolist()):
            if type(value) is not wanted:
                raise CorruptFileError(f"{name}: '{column}' of row {row} is {value!r}; allowed: {wanted.__name__}")
    if len(twice := table["member"][table["member"].duplicated()]):
        raise CorruptFileError(f"{name}: member '{twice.iloc[0]}' is listed twice")


class ShardReader:
    """Random access to the images of a shard; opening checks that tar and index hold the same members at the same places.

    Examples:
        >>> _ = write_shard("generated.tar", [("003_42.png", np.full((4, 4, 3), 7, np.uint8), {"receiver": 3})])
        >>> with ShardReader("generated.tar") as shard:
        ...     shard.members, shard.read("003_42.png")[0, 0]
        (['003_42.png'], array([7, 7, 7], dtype=uint8))

    Args:
        tar_path, index: of the shard.
        decoder: of latents, where the shard may hold them.

    Attributes:
        table: the index, one row per member.

    Raises:
        FileNotFoundError: if the tar or its index does not exist.
        CorruptFileError: if the tar is truncated or differs from the index; shard and member are named.
    """

    def __init__(self, tar_path: str | Path, index: str | Path | None = None, decoder: Decoder | None = None) -> None:
        self.path = Path(tar_path)
        self._decoder = decoder
        self.table = read_parquet(index or index_path(tar_path))
        name = index or index_path(tar_path)
        _check_index(name, self.table)
        found = scan_tar(self.path)
        listed = [
            (str(member), int(offset), int(size))
            for member, offset, size in self.table[["member", "offset", "size"]].itertuples(index=False)
        ]
        if found != listed:
            odd = sorted({row[0] for row in set(found) ^ set(listed)}) or ["(order)"]
            raise CorruptFileError(
                f"{self.path}: {len(found)} members, its index {name} lists {len(listed)}; first difference at member '{odd[0]}'"
            )
        hashes = self.table["sha256"].tolist()
        self._rows = {row[0]: (row[1], row[2], str(sha)) for row, sha in zip(listed, hashes, strict=True)}
        self._file = open(self.path, "rb")  # noqa: SIM115 - closed by close() or the with block

    @property
    def members(self) -> list[str]:
        """Member names in the order of the tar."""
        return list(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def read_bytes(self, member: str) -> bytes:
        """The bytes of a member as they are kept, PNG or latent, checked against the index.

        Raises:
            CorruptFileError: if there is no such member or its bytes differ from the recorded hash.
        """
        member = self._kept(member)
        if member not in self._rows:
            raise CorruptFileError(f"{self.path}: no member '{member}' among its {len(self)}")
        offset, size, sha256 = self._rows[member]
        data = os.pread(self._file.fileno(), size, offset)  # moves no position, so threads may read at once
        if hashlib.sha256(data).hexdigest() != sha256:
            raise CorruptFileError(f"{self.path}, member '{member}': bytes differ from the sha256 in the index; run again")
        return data

    @property
    def holds_latents(self) -> bool:
        """Whether its members are latents."""
        return any(member.endswith(LATENT) for member in self._rows)

    def read(self, member: str) -> np.ndarray:
        """The picture of a member as uint8 (h, w, 3), or (h, w) if it is grey; of latents decoded by itself.

        Raises:
            CorruptFileError: if there is no such member, or it is damaged.
            ValueError: if it holds latents, and no decoder was given.
        """
        if self._kept(member).endswith(LATENT):
            return next(iter(self._decoded([member], alone=True)))
        data = self.read_bytes(member)
        try:
            with Image.open(io.BytesIO(data)) as image:
                return np.array(image, dtype=np.uint8)
        except (UnidentifiedImageError, OSError) as error:
            raise CorruptFileError(f"{self.path}, member '{member}': not a readable PNG ({error})") from error

    def pictures(self, members: Sequence[str] | None = None) -> Iterator[np.ndarray]:
        """All pictures (or the named ones, in that order), one after the other; latents are decoded in the batches in which they were drawn."""
        names = self.members if members is None else list(members)
        if any(self._kept(name).endswith(LATENT) for name in names):
            yield from self._decoded(names)
        else:
            yield from map(self.read, names)

    def _decoded(self, members: Sequence[str], alone: bool = False) -> Iterator[np.ndarray]:
        if self._decoder is None:
            raise ValueError(
                f"{self.path}: holds latents, and this reader has no decoder; with `keep_images: latents` in the configuration it has"
            )
        return self._decoder.decode(((f"{self.path}, member '{name}'", self.read_bytes(name)) for name in members), alone)

    def _kept(self, member: str) -> str:
        """The member that holds a picture: the one of this name, or the latents that stand in its place."""
        if member in self._rows or not member.endswith(PICTURE):
            return member
        latent = member.removesuffix(PICTURE) + LATENT
        return latent if latent in self._rows else member

    def read_all(self, members: Sequence[str] | None = None) -> np.ndarray:
        """All images (or the named ones, in that order) as one uint8 array (n, h, w, 3)."""
        names = self.members if members is None else list(members)
        if not names:
            raise ValueError(f"{self.path}: no members to read")
        images = list(self.pictures(names))
        for name, image in zip(names, images, strict=True):
            if image.shape != images[0].shape:
                raise ValueError(
                    f"{self.path}: member '{name}' is {image.shape}, '{names[0]}' is {images[0].shape}; read one by one"
                )
        return np.stack(images)

    def extract(self, member: str, destination: str | Path) -> Path:
        """Write one member's PNG to ``destination`` atomically; of latents that of their picture."""
        latent = self._kept(member).endswith(LATENT)
        write_bytes(destination, encode_png(self.read(member)) if latent else self.read_bytes(member))
        return Path(destination)

    def close(self) -> None:
        """Close the tar."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
