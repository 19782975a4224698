"""Archives of others: what is no plain file in its folder is refused by name, and nothing is left behind."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.hostile_archives import TEXT, archive, archives, entry, tar

from lethe.io import members
from lethe.io.tables import CorruptFileError
from lethe.io.unpack import UnsafeArchiveError, unpack

HOSTILE = {name: (data, named) for name, data, named in archives()}


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: files with their bytes, folders and links with None."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() and not p.is_symlink() else None for p in folder.rglob("*")}


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_by_name_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    data, named = HOSTILE[name]
    (tmp_path / "in/target").mkdir(parents=True)
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "in" / name).write_bytes(data)
    before = tree(tmp_path)
    with pytest.raises(CorruptFileError) as error:
        unpack(tmp_path / "in" / name, tmp_path / "in/target/out")
    assert str(tmp_path / "in" / name) in str(error.value) and named in str(error.value), str(error.value)
    assert len(str(error.value)) < 1000 and str(error.value).isprintable()
    assert tree(tmp_path) == before


def test_what_was_there_stays_after_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(archive(("a.txt", b"first")))
    unpack(tmp_path / "a.zip", tmp_path / "out")
    (tmp_path / "a.zip").write_bytes(archive(("../a.txt", b"second")))
    with pytest.raises(UnsafeArchiveError, match="a.zip: member '../a.txt' has a name that leads out of the folder"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert tree(tmp_path / "out") == {"a.txt": b"first", "good.txt": TEXT}


@pytest.mark.parametrize("kind", ["tar.gz", "tar", "zip", "github.tar.gz", "dot.tar.gz"])
def test_a_good_archive_is_unpacked_as_ordinary_files(tmp_path: Path, kind: str) -> None:
    names = {"top/a b/\u00e4.jpg": TEXT, "top/c/Image_1.JPG": b"", "top/" + "d" * 150 + "/e.bin": os.urandom(3_000_000)}
    path = tmp_path / f"a.{kind}"
    prefix = "./" if kind.startswith("dot") else ""
    entries = [entry(prefix + name, data) for name, data in names.items()]
    for info, _ in entries:
        info.mode = 0o6777
    folder = entry(f"{prefix}top/empty", b"", tarfile.DIRTYPE)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("top/empty/", "")
            for name, data in names.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = 0o106777 << 16
                file.writestr(info, data)
    else:
        buffer = io.BytesIO()
        headers = {"comment": "0123abc"} if kind.startswith("github") else {}
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as made:
            if kind.startswith("dot"):
                made.addfile(entry("./", b"", tarfile.DIRTYPE)[0])
            for info, data in (folder, *entries, folder):
                made.addfile(info, io.BytesIO(data))
        path.write_bytes(gzip.compress(buffer.getvalue()) if kind.endswith("gz") else buffer.getvalue())
    unpack(path, tmp_path / "out")
    found = tree(tmp_path / "out")
    assert {f"top/{name}": data for name, data in found.items() if data is not None} == names
    assert "empty" in found and found["empty"] is None
    assert all(file.stat().st_mode & 0o7111 == 0 for file in (tmp_path / "out").rglob("*") if file.is_file())


def test_a_single_top_folder_is_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("top-main/top-main/a.txt", "text")
        archive.writestr("top-main/b.txt", "text")
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.txt")) == [
        "b.txt",
        "top-main/a.txt",
    ]


def test_a_zip_of_64_bits_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file, file.open("a.txt", "w", force_zip64=True) as member:
        member.write(TEXT)
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert tree(tmp_path / "out") == {"a.txt": TEXT}


def test_members_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MEMBERS", 5)
    for name, data in {
        "a.zip": archive(*[(f"{n}.txt", TEXT) for n in range(5)]),
        "a.tar.gz": tar(*[entry(f"{n}.txt") for n in range(5)]),
        "folders.tar.gz": tar(entry("a/b/c/d/4.txt")),  # folders that no member stands for count too
        "again.tar.gz": tar(*[entry("./", b"", tarfile.DIRTYPE)] * 4, entry("4.txt")),
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnsafeArchiveError, match=f"{name}: member '.*4.txt' is one too many; allowed are 5 files"):
            unpack(tmp_path / name, tmp_path / "out")


def test_all_files_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "SIZE", 1000)
    (tmp_path / "a.tar").write_bytes(tar(entry("a.txt"), entry("b.txt"), compress=bytes))
    with pytest.raises(UnsafeArchiveError, match="a.tar: member 'b.txt' brings the content to 1200 bytes; allowed are 1000"):
        unpack(tmp_path / "a.tar", tmp_path / "out")


def test_the_limits_let_every_data_set_through() -> None:
    assert members.MEMBERS > 5 * 14_340 and members.SIZE > 10 * 1.8e9 and members.RATIO > 3 * 15e6 / 0.5e6


def test_a_damaged_archive_is_refused_or_whole(tmp_path: Path) -> None:
    rng = random.Random(0)
    content = {"good.txt": TEXT, "a/b.txt": TEXT}
    whole = {"f.zip": archive(("a/b.txt", TEXT)), "f.tar.gz": tar(entry("a/b.txt"))}
    refused = 0
    for number in range(60):
        name = list(whole)[number % 2]
        data = bytearray(whole[name])
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (tmp_path / name).write_bytes(data if number % 5 else data[: rng.randrange(len(data))])
        try:
            unpack(tmp_path / name, tmp_path / "out")
        except CorruptFileError as error:
            assert str(tmp_path / name) in str(error)
            refused += 1
        else:
            assert sorted(data for data in tree(tmp_path / "out").values() if data) == sorted(content.values())
            shutil.rmtree(tmp_path / "out")
        assert set(tree(tmp_path)) <= set(whole)
    assert refused > 30
