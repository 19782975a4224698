"""Broken shards: a tar of pictures and its index."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tests.fuzz.harness import Case, Read, cut, flip, offsets, pickled, put

from lethe.io.shards import BLOCK, ShardReader, write_shard
from lethe.io.tables import write_parquet

TAR, INDEX = "generated_objects_000_uce_000.tar", "generated_objects_000_uce_000.parquet"
MEMBERS = 6

Bytes = Callable[[bytes], bytes]
Table = Callable[[pd.DataFrame], pd.DataFrame]


def make(folder: Path) -> pd.DataFrame:
    """A whole shard; returns its index."""
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in range(MEMBERS)]
    rows = [
        (f"{i:03d}_42.png", picture, {"receiver": i, "seed": 42, "prompt": f"digit {i}"}) for i, picture in enumerate(pictures)
    ]
    return write_shard(folder / TAR, rows)


def read_all(folder: Path) -> Read:
    """Open the shard, read every picture and extract it: what its users do."""

    def read() -> None:
        with ShardReader(folder / TAR) as shard:
            for member in shard.members:
                shard.read(member)

    return read


def _bytes(name: str, file: str, change: Bytes, *says: str) -> Case:
    def build(folder: Path) -> Read:
        make(folder)
        data = (folder / file).read_bytes()
        new = change(data)
        assert new != data, "the case changes nothing"
        (folder / file).write_bytes(new)
        return read_all(folder)

    return Case(name, build, says or (file.removesuffix(".tar").removesuffix(".parquet"),))


def _index(name: str, change: Table, *says: str) -> Case:
    def build(folder: Path) -> Read:
        write_parquet(folder / INDEX, change(make(folder)))
        return read_all(folder)

    return Case(f"index: {name}", build, says)


def tars() -> list[Case]:
    """Cut anywhere before its end marks; a byte changed anywhere in a header or a picture (padding holds nothing to damage)."""
    size, places = _layout()
    cases = [_bytes(f"tar cut at {at}", TAR, lambda data, a=at: cut(data, a)) for at in offsets(size, 60)]
    for member, (offset, length) in enumerate(places):
        for at in (0, 20, 100, 124, 130, 148, 156, 257, 345):
            cases.append(_bytes(f"header of {member}, byte {at}", TAR, lambda data, a=offset - BLOCK + at: flip(data, a)))
        for at in offsets(length, 8):
            cases.append(_bytes(f"picture {member}, byte {at}", TAR, lambda data, a=offset + at: flip(data, a, 0x01)))
    cases.append(_bytes("tar is empty", TAR, lambda data: b""))
    cases.append(_bytes("tar is zeros", TAR, lambda data: bytes(len(data))))
    cases.append(_bytes("tar is compressed", TAR, lambda data: b"\x1f\x8b" + data[2:]))
    return cases


def _layout() -> tuple[int, list[tuple[int, int]]]:
    """Where the members end, and offset and size of each; from the writer's own index."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        table = make(Path(folder))
    places = [(int(offset), int(size)) for offset, size in table[["offset", "size"]].itertuples(index=False)]
    last, length = places[-1]
    return last + -(-length // BLOCK) * BLOCK, places


def indices() -> list[Case]:
    """An index that lacks a column, holds other types, or other values than the tar."""
    cases = []
    for column in ("member", "sha256", "offset", "size"):
        cases.append(_index(f"no {column}", lambda table, c=column: table.drop(columns=c), INDEX, f"'{column}'"))
        others: list[Any] = [None, 1.5, True, b"bytes", 7] if column in ("member", "sha256") else [None, 1.5, "12", b"7"]
        for value in others:
            cases.append(
                _index(
                    f"{column} is {value!r}", lambda table, c=column, v=value: table.assign(**{c: [v] * MEMBERS}), INDEX, column
                )
            )
    for column in ("offset", "size"):
        for row in range(MEMBERS):
            for step in (-512, -1, 1, 512, 10**12):
                cases.append(_index(f"{column} of row {row} {step:+d}", _shifted(column, row, step), INDEX, f"{row:03d}_42.png"))
    for row in range(MEMBERS):
        name = f"{row:03d}_42.png"
        cases.append(_index(f"sha256 of row {row}", _replaced("sha256", row, "0" * 64), name))
        cases.append(_index(f"sha256 of row {row} is text", _replaced("sha256", row, "no hash"), name))
        for other in ("../outside.png", "/outside.png", "zz.png", ""):
            cases.append(_index(f"member of row {row} is {other!r}", _replaced("member", row, other), INDEX))
        cases.append(_index(f"row {row} twice", lambda table, r=row: pd.concat([table, table.iloc[[r]]]), INDEX, name))
        cases.append(_index(f"row {row} missing", lambda table, r=row: table.drop(index=r), INDEX, name))
    cases.append(_index("other order", lambda table: table.iloc[::-1], INDEX))
    cases.append(_index("no rows", lambda table: table.iloc[:0], INDEX))
    size = _index_size()
    for at in offsets(size - 1, 25):
        cases.append(_bytes(f"index cut at {at}", INDEX, lambda data, a=at: cut(data, a)))
    # Pages carry a checksum. The footer behind them does not, and some of its bytes (who wrote it) may be anything.
    for column in range(7):
        for back in range(1, 5):
            cases.append(
                _bytes(f"index page {column}, byte -{back}", INDEX, lambda data, c=column, b=back: _page_byte(data, c, b))
            )
    cases.append(_bytes("index without its end", INDEX, lambda data: put(data, len(data) - 4, b"PAR2")))
    cases.append(_bytes("index of another length", INDEX, lambda data: put(data, len(data) - 8, b"\xff\xff\xff\x7f")))
    return cases


def _index_size() -> int:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        return (Path(folder) / INDEX).stat().st_size


def _shifted(column: str, row: int, step: int) -> Table:
    return lambda table: table.assign(**{column: [value + step * (i == row) for i, value in enumerate(table[column])]})


def _replaced(column: str, row: int, value: str) -> Table:
    return lambda table: table.assign(**{column: [value if i == row else old for i, old in enumerate(table[column])]})


def _page_byte(data: bytes, column: int, back: int) -> bytes:
    chunk = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(column)
    first = chunk.dictionary_page_offset or chunk.data_page_offset
    return flip(data, first + chunk.total_compressed_size - back)


def members() -> list[Case]:
    """Well-formed archives that a careless reader would follow out of its folder, with an index that agrees."""
    cases = []
    for name in ("../outside.png", "/outside.png", "a/../../outside.png", "./outside.png", "a//outside.png", ".."):
        cases.append(_archive(f"member {name}", [(name, tarfile.REGTYPE, "")], name))
    kinds = {"symbolic link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "folder": tarfile.DIRTYPE, "device": tarfile.CHRTYPE}
    kinds |= {"pipe": tarfile.FIFOTYPE, "sparse file": tarfile.GNUTYPE_SPARSE, "pax header": tarfile.XHDTYPE}
    for kind, code in kinds.items():
        cases.append(_archive(f"a {kind}", [("000_42.png", code, "../../outside.png")], "000_42.png"))
        cases.append(
            _archive(f"a {kind} after a picture", [("a.png", tarfile.REGTYPE, ""), ("b.png", code, "/etc/passwd")], "b.png")
        )
    cases.append(_archive("a member twice", [("a.png", tarfile.REGTYPE, ""), ("a.png", tarfile.REGTYPE, "")], "a.png"))
    return cases


def _archive(name: str, entries: list[tuple[str, bytes, str]], *says: str) -> Case:
    def build(folder: Path) -> Read:
        rows = []
        with open(folder / TAR, "wb") as file:
            for member, kind, target in entries:
                info = tarfile.TarInfo(member)
                info.type, info.linkname = kind, target
                data = b"a picture" if kind == tarfile.REGTYPE else b""
                info.size = len(data)
                file.write(info.tobuf(tarfile.USTAR_FORMAT))
                place = {"offset": file.tell(), "size": len(data)}
                file.write(data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0"))
                rows.append({"member": member, "sha256": hashlib.sha256(data).hexdigest(), **place})
            file.write(bytes(2 * BLOCK))
        write_parquet(folder / INDEX, pd.DataFrame(rows))

        def extract() -> None:
            with ShardReader(folder / TAR) as shard:
                for member in shard.members:
                    shard.extract(member, folder / "out" / member)

        return extract

    return Case(f"archive: {name}", build, (TAR if "twice" not in name else INDEX, *says))


def pickles() -> list[Case]:
    """Pickles in the place of a tar, of an index, of a picture, and in the metadata of an extension type."""

    def instead(file: str) -> Case:
        def build(folder: Path) -> Read:
            make(folder)
            (folder / file).write_bytes(pickled(folder))
            return read_all(folder)

        return Case(f"{file} is a pickle", build, (file,))

    def picture(folder: Path) -> Read:
        data = pickled(folder)
        table = make(folder)
        offset, size = int(table["offset"][0]), int(table["size"][0])
        assert len(data) <= size
        data = data.ljust(size, b"\0")  # a pickle ends at its own mark
        (folder / TAR).write_bytes(put((folder / TAR).read_bytes(), offset, data))
        write_parquet(folder / INDEX, _replaced("sha256", 0, hashlib.sha256(data).hexdigest())(table))
        return read_all(folder)

    def extension(folder: Path) -> Read:
        table = pa.Table.from_pandas(make(folder), preserve_index=False)
        metadata = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": pickled(folder)}
        field = pa.field("member", pa.int64(), metadata=metadata)
        pq.write_table(table.set_column(0, field, pa.array(range(MEMBERS), pa.int64())), folder / INDEX)
        return read_all(folder)

    return [
        instead(TAR),
        instead(INDEX),
        Case("a picture is a pickle", picture, (TAR, "000_42.png")),
        Case("a column's type is a pickle", extension, (INDEX, "member")),
    ]
