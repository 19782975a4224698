"""Manifests and bundles: what is true comes back byte for byte, what is broken is one clear error and writes nothing."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import random
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lethe.archive.bundle import check_bundle, unpack, write_bundle
from lethe.archive.errors import ArchiveError, BundleError, ManifestError
from lethe.archive.manifest import Bundle, parse_manifest, read_manifest, write_manifest

FILES = {
    "datasets/generated_objects_000_uce_000.tar": b"pixels" * 700,
    "datasets/generated_objects_000_uce_000.parquet": b"PAR1 index",
    "metadata_objects_2_enriched_filtered.json": b"[]",
    "empty.json": b"",
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).write_bytes(data)
    return tmp_path / "results"


@pytest.fixture
def packed(tmp_path: Path, results: Path) -> tuple[Path, Path]:
    """A bundle and its manifest."""
    entry = write_bundle(tmp_path / "out/images_objects_uce.tar", results, list(FILES), "images")
    write_manifest(tmp_path / "out/manifest.json", "smoke", {"seed": 0}, [entry])
    return tmp_path / "out/images_objects_uce.tar", tmp_path / "out/manifest.json"


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_was_packed_comes_back(tmp_path: Path, results: Path, packed: tuple[Path, Path]) -> None:
    tar, manifest = packed[0], read_manifest(packed[1])
    bundle = manifest.bundle(tar.name)
    check_bundle(tar, bundle)
    unpack(tar, bundle, tmp_path / "back")
    assert tree(tmp_path / "back") == FILES
    one = "datasets/generated_objects_000_uce_000.parquet"
    assert unpack(tar, bundle, tmp_path / "one", [one]) == [tmp_path / "one" / one]
    assert tree(tmp_path / "one") == {one: FILES[one]}
    with tarfile.open(tar) as plain:  # any other tool reads it too
        assert plain.getnames() == sorted(FILES)
    again = write_bundle(tmp_path / "again" / tar.name, results, list(reversed(FILES)), "images")
    assert again == bundle and (tmp_path / "again" / tar.name).read_bytes() == tar.read_bytes()


def test_a_record_made_with_other_settings_is_refused(packed: tuple[Path, Path]) -> None:
    manifest = parse_manifest(packed[1].read_bytes().replace(b'"seed": 0', b'"seed": 0, "tasks": {"a": {"n": 1}, "b": {}}'))
    manifest.check_settings({"seed": 0, "tasks": {"a": {"n": 1}}})
    with pytest.raises(ManifestError, match=r"tasks\.a\.n is 1 in the record, 2 here"):
        manifest.check_settings({"tasks": {"a": {"n": 2}}})


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a//b", "a/./b", "a\\b", "", "a b", "é", "x" * 201, "a/../b"])
def test_what_would_be_refused_is_never_packed(tmp_path: Path, results: Path, path: str) -> None:
    with pytest.raises(BundleError, match="images.tar"):
        write_bundle(tmp_path / "images.tar", results, [path], "images")
    assert not (tmp_path / "images.tar").exists()


def test_no_member_is_written_through_a_link(tmp_path: Path, packed: tuple[Path, Path]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / "target/datasets").symlink_to(outside)
    with pytest.raises(BundleError, match="outside .*target, through a link"):
        unpack(packed[0], read_manifest(packed[1]).bundles[0], tmp_path / "target")
    assert tree(outside) == {}


# --- broken manifests ---------------------------------------------------------------------------------------------

WRONG: list[Any] = [None, True, -1, 1.5, 2**60, "", "x", "/abs", "../up", "a/../../b", "g" * 64, [], {}, [1], {"a": 1}, "NUL\0"]


def places(plain: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a manifest are; ``settings`` is free and stays out."""
    if way:
        yield way
    entries = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in entries:
        if key != "settings":
            yield from places(value, (*way, key))


def changed(plain: Any, way: tuple[Any, ...], edit: Callable[[Any, Any], None]) -> Any:
    result = copy.deepcopy(plain)
    parent = result
    for key in way[:-1]:
        parent = parent[key]
    edit(parent, way[-1])
    return result


def broken_manifests(true: bytes) -> list[bytes]:
    """A true manifest with one thing wrong: every value of every wrong kind, every key missing, unknown or given twice."""
    plain = json.loads(true)
    found: list[Any] = []
    for way in places(plain):
        fine = {"path": ["x", "g" * 64], "world": ["x", "g" * 64]}.get(way[-1], [])
        for wrong in [wrong for wrong in WRONG if wrong not in fine]:
            found.append(changed(plain, way, lambda parent, key, wrong=wrong: parent.__setitem__(key, wrong)))
        if not isinstance(way[-1], int):
            found.append(changed(plain, way, lambda parent, key: parent.pop(key)))
            found.append(changed(plain, way, lambda parent, key: parent.__setitem__(f"{key}_", 1)))
    member = plain["bundles"][0]["members"][0]
    for path in (member["path"], member["path"].upper(), f"{member['path']}/x", "datasets"):
        found.append(changed(plain, ("bundles", 0, "members", 0), lambda p, k, path=path: p.append(member | {"path": path})))
    found.append(changed(plain, ("bundles", 0), lambda parent, key: parent.append(parent[0])))
    texts = [json.dumps(entry).encode() for entry in found if json.loads(json.dumps(entry)) != plain]
    texts += [true.replace(b'"world"', b'"world": "a", "world"', 1), true.replace(b"{", b'{"format": NaN, ', 1), true + b"]"]
    texts += [true[:cut] for cut in range(0, len(true) - 2, 97)] + [
        b"\xff\xfe" + true,
        b"[" * 50_000,
        b"1" * 5000,
        b"null",
        b"[]",
    ]
    return texts


def random_edits(true: bytes, count: int) -> Iterator[bytes]:
    """Random bytes changed, removed or inserted; those that leave the same content are passed over."""
    draw = random.Random(20)
    while count:
        data = bytearray(true)
        for _ in range(draw.choice((1, 1, 2, 5))):
            place = draw.randrange(len(data))
            edit = draw.randrange(3)
            if edit == 0:
                data[place] = draw.randrange(256)
            elif edit == 1:
                del data[place : place + draw.randrange(1, 20)]
            else:
                data[place:place] = draw.randbytes(draw.randrange(1, 5))
        try:
            if json.loads(data) == json.loads(true):
                continue
        except (ValueError, RecursionError):
            pass
        count -= 1
        yield bytes(data)


def test_every_broken_manifest_is_one_clear_error(tmp_path: Path, packed: tuple[Path, Path]) -> None:
    true = packed[1].read_bytes()
    cases = broken_manifests(true)
    assert len(cases) >= 200
    for data in cases:
        with pytest.raises(ManifestError) as caught:
            parse_manifest(data)
        message = str(caught.value)
        assert message.startswith("manifest.json: ") and "\n" not in message and len(message) < 900, message


def test_a_randomly_damaged_record_never_unpacks_into_something_else(tmp_path: Path, packed: tuple[Path, Path]) -> None:
    """A flipped byte of a manifest may be another valid manifest (another world, another hash): then the tar does not fit it."""
    tar, manifest = packed
    refused = Counter()
    target = tmp_path / "a/target"
    for data in random_edits(manifest.read_bytes(), 300):
        try:
            found = parse_manifest(data)
            for bundle in found.bundles:
                check_bundle(tar, bundle)
                unpack(tar, bundle, target)
        except ArchiveError as error:
            refused[type(error).__name__] += 1
            assert "\n" not in str(error)
        else:  # world, md5 or settings: nothing that decides what is written
            assert tree(target) == FILES
            refused["harmless"] += 1
            for file in sorted(target.rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
        assert tree(tmp_path / "a") == {}
    assert refused.total() == 300 and refused["ManifestError"] > 200 and refused["BundleError"] and refused["harmless"] < 30


# --- broken bundles -----------------------------------------------------------------------------------------------


def tar_of(members: list[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def hostile_tars(true: bytes) -> dict[str, bytes]:
    """Tars that a manifest could be made to fit in size and hash, so that only the look at their members refuses them."""
    files = [(entry(name), FILES[name]) for name in sorted(FILES)]
    first, data = files[0]
    kinds = [
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.CONTTYPE,
    ]
    tars = {f"type {kind!r}": tar_of([(entry(first.name, kind, "/etc/passwd"), b""), *files[1:]]) for kind in kinds[:-1]}
    for name in ("/etc/cron.d/x", "../../up", f"{first.name}/../x", "datasets", "C:x", ".", "a\nb", "é"):
        tars[f"name {name!r}"] = tar_of([(entry(name), data), *files[1:]])
    tars["long name"] = tar_of([(entry("d/" * 120 + "x"), data), *files[1:]], tarfile.GNU_FORMAT)
    tars["pax"] = tar_of([(entry("é" * 90), data), *files[1:]], tarfile.PAX_FORMAT)
    tars["one less"] = tar_of(files[1:])
    tars["one more"] = tar_of([*files, (entry("more"), b"x")])
    tars["twice"] = tar_of([*files, files[0]])
    tars["other order"] = tar_of(files[::-1])
    tars["other bytes"] = tar_of([(entry(first.name), b"X" + data[1:]), *files[1:]])
    tars["truncated"] = true[: len(true) // 2]
    tars["nothing"] = b""
    tars["no tar"] = b"PK\x03\x04" + bytes(2048)
    negative = bytearray(true)
    negative[124:136] = b"\xff" * 12  # a size of -1 in base 256
    negative[148:156] = b"%06o\0 " % (sum(negative[:148]) + 8 * 32 + sum(negative[156:512]))
    tars["negative size"] = bytes(negative)
    return tars


def test_every_hostile_bundle_is_refused_and_writes_nothing(tmp_path: Path, packed: tuple[Path, Path]) -> None:
    bundle = read_manifest(packed[1]).bundles[0]
    draw = random.Random(7)
    true = packed[0].read_bytes()
    cases = hostile_tars(true)
    used = sum(512 + -(-len(data) // 512) * 512 for data in FILES.values())  # the rest of a tar is zeros
    for number in range(150):  # one bit of a header or of a member
        data = bytearray(true)
        data[draw.randrange(used)] ^= 1 << draw.randrange(8)
        cases[f"bit {number}"] = bytes(data)
    target = tmp_path / "a/b/target"
    hostile = tmp_path / "hostile.tar"
    harmless = 0
    for name, data in cases.items():
        hostile.write_bytes(data)
        fitting = Bundle.model_validate(bundle.model_dump() | {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        check_bundle(hostile, fitting)  # the worst case: size and hash of the whole fit
        try:
            unpack(hostile, fitting, target)
        except BundleError as error:
            assert "hostile.tar" in str(error) and "\n" not in str(error), name
        else:
            assert name.startswith("bit") and tree(target) == FILES, name
            harmless += 1
            for file in target.rglob("*.*"):
                if file.is_file():
                    os.unlink(file)
        assert tree(tmp_path / "a") == {}, name
        if data != true:
            with pytest.raises(BundleError):
                check_bundle(hostile, bundle)
    assert harmless < 60  # bits of padding, times, owners: nothing that is written
