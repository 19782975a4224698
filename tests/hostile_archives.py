"""Archives that no data set needs, and what a refusal must say: links, names that lead out, bombs, lies and damage."""

from __future__ import annotations

import bz2
import gzip
import io
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterable

TEXT = b"text" * 100
Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, data: bytes = TEXT, kind: bytes = tarfile.REGTYPE, link: str = "", **pax: str) -> Entry:
    """A tar's member; ``pax`` overrides its header."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.pax_headers = kind, link, len(data), pax
    return info, data


def tar(*entries: Entry, form: int = tarfile.PAX_FORMAT, compress: Callable[[bytes], bytes] = gzip.compress) -> bytes:
    """A tar of ``entries`` after a harmless member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as file:
        for info, data in (entry("good.txt"), *entries):
            file.addfile(info, io.BytesIO(data))
    return compress(buffer.getvalue())


def header(name: bytes, size: int = 0, kind: bytes = b"0", data: bytes = b"") -> bytes:
    """A member written by hand: header with a right checksum, and data, padded."""
    number = b"%011o\0" % size if size >= 0 else b"\xff" * 4 + size.to_bytes(8, "big", signed=True)
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + number + b"00000000000\0" + b" " * 8 + kind)
    block += b"\0" * 100 + b"ustar\00000" + b"\0" * (512 - len(block) - 108)
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + b"\0" * (-len(data) % 512)


def pax(**values: str) -> bytes:
    """The data of a pax header."""
    lines = []
    for key, value in values.items():
        text = f" {key}={value}\n".encode()
        length = len(text) + 2
        lines.append(f"{length + (length > 99)}".encode() + text)
    return b"".join(lines)


def raw(*blocks: bytes, end: bytes = bytes(1024)) -> bytes:
    """A tar.gz of hand-written members after a harmless one."""
    return gzip.compress(header(b"good.txt", 4, data=b"text") + b"".join(blocks) + end)


def archive(*members: tuple[str, bytes], **changes: object) -> bytes:
    """A zip of ``members`` after a harmless one; ``changes`` are attributes of the last."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # of duplicates
        for name, data in (("good.txt", TEXT), *members):
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type, info.external_attr = name, zipfile.ZIP_DEFLATED, 0o100644 << 16
            if name == members[-1][0] and "mode" in changes:
                info.external_attr = int(str(changes["mode"])) << 16
            file.writestr(info, data, compress_type=changes.get("method") if name == members[-1][0] else None)  # type: ignore[arg-type]
    return buffer.getvalue()


def patched(data: bytes, central: dict[int, bytes], local: dict[int, bytes] | None = None) -> bytes:
    """A zip with other bytes at places of the last member's headers."""
    changed = bytearray(data)
    for start, values in ((data.rindex(b"PK\x01\x02"), central), (data.rindex(b"PK\x03\x04"), local or {})):
        for place, value in values.items():
            changed[start + place : start + place + len(value)] = value
    return bytes(changed)


def nul(data: bytes) -> bytes:
    """A zip with a NUL where its last name has a %."""
    return data.replace(b"bad%.txt", b"bad\0.txt")


def overlapping() -> bytes:
    """Two members of a zip that share their bytes."""
    data = archive(("one.txt", TEXT), ("bad.txt", TEXT))
    first = data.index(b"PK\x03\x04", 4)
    return patched(data, {42: struct.pack("<L", first)})


def nested() -> list[Entry]:
    """CVE-2025-4517: folders of names so long that the path of a link is no longer resolved."""
    long, path, found = "d" * 247, "", []
    for letter in "abcdefghijklmnop":
        found.append(entry(path + long, b"", tarfile.DIRTYPE))
        found.append(entry(path + letter, b"", tarfile.SYMTYPE, long))
        path += f"{letter}/"
    found.append(entry(path + "l" * 254, b"", tarfile.SYMTYPE, "../" * 16))
    return [*found, entry("bad", b"", tarfile.SYMTYPE, f"{path}{'l' * 254}/../outside"), entry("bad/new.txt")]


DEEP = "/".join(["d" * 200] * 6) + "/bad.txt"
ZEROS = bytes(300_000_000 // 50)  # 6 MB
OUT = (
    "../bad.txt",
    "in/../../bad.txt",
    "/bad.txt",
    "C:/bad.txt",
    "c:bad.txt",
    "in/C:/bad.txt",
    "..\\bad.txt",
    "\\\\host\\bad.txt",
    "in/..",
    "..",
)
TWICE = (
    ("bad.txt", "bad.txt"),
    ("bad.txt", "BAD.TXT"),
    ("In/a.txt", "in/bad.txt"),
    ("caf\u00e9/a", "cafe\u0301/bad"),
    ("stra\u00dfe", "STRASSE"),
)
CLASH = (("bad", "bad/a.txt"), ("bad/a.txt", "bad"))
ODD = {"control": "bad\n.txt", "escape": "\x1b[2Jbad", "long": "b" * 256, "deep": DEEP, "umlauts": "\u00e4" * 128}


def archives() -> Iterable[tuple[str, bytes, str]]:
    """(file name, content, what the refusal names beside the file)."""
    for number, name in enumerate(OUT):
        yield f"out_{number}.tar.gz", tar(entry(name)), repr(name)
        yield f"out_{number}.zip", archive((name, TEXT)), repr(name)
    for number, (one, two) in enumerate((*TWICE, *CLASH)):
        yield f"twice_{number}.tar.gz", tar(entry(one), entry(two)), repr(two)
        yield f"twice_{number}.zip", archive((one, TEXT), (two, TEXT)), repr(two)
    for what, name in ODD.items():
        yield f"{what}.tar.gz", tar(entry(name)), repr(name)[:200]
        yield f"{what}.zip", archive((name, TEXT)), repr(name)[:200]
    yield "nul.zip", nul(archive(("bad%.txt", TEXT))), r"'bad\x00.txt'"
    yield (
        "nul.tar.gz",
        raw(header(b"x", len(p := pax(path="bad\0.txt")), b"x", p), header(b"y", 4, data=b"text")),
        r"'bad\x00.txt'",
    )
    yield "not_utf8.tar.gz", raw(header(b"bad\xff.txt", 4, data=b"text")), r"'bad\udcff.txt'"

    links = {"symbolic": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE}
    for what, kind in links.items():
        for number, target in enumerate(("good.txt", "../outside", "/etc/passwd")):
            yield f"{what}_{number}.tar.gz", tar(entry("bad", b"", kind, target)), f"'bad' is a {what} link to '{target}'"
    for what, kind in {"char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE}.items():
        yield f"{what}.tar.gz", tar(entry("bad", b"", kind)), "'bad' is a device or a pipe"
    yield "unknown_type.tar.gz", tar(entry("bad", b"", b"Z")), "'bad' is an entry of the unknown type"
    yield "cve_2025_4517.tar.gz", tar(*nested()), "'a' is a symbolic link"
    yield (
        "sparse_8_tb.tar.gz",
        tar(
            entry(
                "bad",
                TEXT,
                **{"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,1", "GNU.sparse.size": str(8 * 10**12)},
            )
        ),
        "'bad' is a sparse file",
    )
    yield "sparse_old.tar.gz", raw(header(b"bad", 0, b"S")), "bad"
    for what, mode in {
        "link": stat.S_IFLNK,
        "char": stat.S_IFCHR,
        "block": stat.S_IFBLK,
        "pipe": stat.S_IFIFO,
        "socket": stat.S_IFSOCK,
        "folder": stat.S_IFDIR,
    }.items():
        yield f"mode_{what}.zip", archive(("bad", b"../outside"), mode=mode | 0o777), "'bad' is"

    yield "bomb.tar.gz", tar(entry("bad.bin", ZEROS)), "'bad.bin' brings the content to"
    yield "bomb.zip", archive(("bad.bin", ZEROS)), "'bad.bin' brings the content to"
    yield "bomb_in_parts.zip", archive(*[(f"{n}.bin", ZEROS[:600_000]) for n in range(9)]), "'1.bin' brings the content to"
    yield "lying_8_gb.tar.gz", raw(header(b"bad", 8 * 2**30 - 1, data=TEXT)), "'bad' brings the content to"
    yield (
        "lying_pax_size.tar.gz",
        raw(header(b"x", len(p := pax(size=str(10**15))), b"x", p), header(b"bad", 4, data=b"text")),
        "'bad' brings the content to",
    )
    yield "negative.tar.gz", raw(header(b"bad", -512)), "'bad' has -512 bytes"
    yield "negative_pax.tar.gz", raw(header(b"x", len(p := pax(size="-1024")), b"x", p), header(b"bad", 4, data=b"text")), "bad"
    yield "huge_pax.tar.gz", raw(header(b"x", 2**20, b"x", bytes(2**20))), "good.txt"
    yield "huge_long_name.tar.gz", raw(header(b"x", 2**33 - 1, b"L", bytes(2**20))), "good.txt"
    yield "long_name_out.tar.gz", tar(entry("../" + "d" * 200 + "/bad.txt"), form=tarfile.GNU_FORMAT), "bad.txt"
    yield (
        "pax_name_out.tar.gz",
        raw(header(b"x", len(p := pax(path="../bad.txt")), b"x", p), header(b"y", 4, data=b"text")),
        "'../bad.txt'",
    )
    yield (
        "global_name.tar.gz",
        raw(header(b"x", len(p := pax(path="bad")), b"g", p), header(b"y", 4, data=b"text"), header(b"z", 4, data=b"text")),
        "'bad'",
    )
    yield "pax_chain.tar.gz", raw(*[header(b"x", len(p := pax(comment="c")), b"x", p)] * 1000), "good.txt"
    yield "padding_bomb.tar.gz", raw(end=bytes(5 * 2**20)), "good.txt"

    small = archive(("bad.txt", TEXT))
    yield "encrypted.zip", patched(small, {8: b"\x01\0"}, {6: b"\x01\0"}), "'bad.txt' is encrypted"
    yield "strongly_encrypted.zip", patched(small, {8: b"\x41\0"}, {6: b"\x41\0"}), "'bad.txt' is encrypted"
    for method in (1, 9, 12, 14, 93, 99):
        yield (
            f"method_{method}.zip",
            patched(small, {10: struct.pack("<H", method)}, {8: struct.pack("<H", method)}),
            f"'bad.txt' is compressed by method {method}",
        )
    yield "overlap.zip", overlapping(), "'bad.txt' begins inside member"
    yield "size_too_small.zip", patched(small, {24: struct.pack("<L", 10)}, {22: struct.pack("<L", 10)}), "'bad.txt'"
    yield "size_too_large.zip", patched(small, {24: struct.pack("<L", 500_000)}, {22: struct.pack("<L", 500_000)}), "'bad.txt'"
    yield "size_4_gb.zip", patched(small, {24: b"\xfe\xff\xff\xff"}, {22: b"\xfe\xff\xff\xff"}), "'bad.txt' brings the content to"
    yield "zip64_lie.zip", patched(small, {24: b"\xff\xff\xff\xff"}), "zip64_lie.zip"
    yield "wrong_crc.zip", patched(small, {16: b"\0\0\0\0"}), "'bad.txt'"
    yield "two_names.zip", patched(small, {}, {30: b"dab.txt"}), "'bad.txt'"
    yield "offset_behind.zip", patched(small, {42: struct.pack("<L", 10**6)}), "'bad.txt'"
    yield "prefixed.zip", small[: small.index(b"PK\x01\x02")] + archive(("bad.txt", TEXT)), "begins at byte"
    yield "data_in_folder.zip", archive(("bad/", TEXT)), "'bad/' is a folder of"
    yield "cut.zip", small[:-30], "cut.zip"

    whole = tar(entry("bad.txt", bytes(range(256)) * 1000))
    yield "cut.tar.gz", whole[: len(whole) // 2], "bad.txt"
    yield "cut_inside.tar.gz", raw(header(b"bad.txt", 10**5, data=TEXT), end=b""), "bad.txt"
    yield "no_end.tar.gz", raw(end=b""), "good.txt"
    yield "half_header.tar.gz", raw(header(b"bad.txt")[:300], end=b""), "good.txt"
    yield "damaged_header.tar.gz", raw(header(b"bad.txt").replace(b"bad", b"bat"), header(b"later")), "good.txt"
    yield "garbage_behind.tar.gz", whole + b"garbage", "bad.txt"
    yield "second_tar_behind.tar.gz", whole + whole, "bad.txt"
    yield "garbage_inside.tar.gz", raw(end=bytes(1024) + b"garbage"), "good.txt"
    yield "only_folders.tar.gz", gzip.compress(header(b"bad/", kind=b"5") + bytes(1024)), "holds no files"
    yield "empty.tar.gz", gzip.compress(bytes(10240)), "holds no files"
    yield "empty.zip", b"PK\x05\x06" + bytes(18), "holds no files"
    yield "nothing.tar.gz", b"", "nothing.tar.gz"
    yield "text.tar.gz", gzip.compress(TEXT), "not a readable archive"
    yield "really_a_zip.tar.gz", small, "not a tar.gz"
    yield "really_a_tar.zip", whole, "not a zip"
    yield "bzip2.tar.gz", bz2.compress(gzip.decompress(whole)), "not a tar.gz"
    yield "page.zip", b"<!doctype html><p>sign in", "not a zip"
