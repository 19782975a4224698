"""Products, their hashes, and what `lethe verify` says of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lethe.__main__ import main
from lethe.io import checksums
from lethe.io.hashing import HashMismatchError
from lethe.io.tables import CorruptFileError, read_json, write_json

PRODUCT = Path("results/mini/tables/gates.json")
FOLDER = Path("results/mini/base/objects")


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one finished file and one finished folder."""
    monkeypatch.chdir(tmp_path)
    write_json(PRODUCT, {"holds": True})
    (FOLDER / "unet").mkdir(parents=True)
    for name in ("model_index.json", "unet/config.json"):
        (FOLDER / name).write_text(name)
    for product in (PRODUCT, FOLDER):
        checksums.record(product)
    return tmp_path


def flip(path: Path, byte: int = 3, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[byte] ^= 1 << bit
    path.write_bytes(data)


def test_an_unchanged_product_is_believed(workplace: Path) -> None:
    assert checksums.check(PRODUCT) and checksums.check(FOLDER) and checksums.check(workplace / PRODUCT)
    assert main(["verify"]) == 0
    text = (workplace / "results/mini/.checksums/tables/gates.json.sha256").read_text()
    assert text == f"{checksums.digest(PRODUCT)}  tables/gates.json\n"  # as the program sha256sum reads it


def test_a_flipped_bit_is_found_by_the_reader_and_by_verify(capsys: pytest.CaptureFixture[str]) -> None:
    flip(PRODUCT)
    again = f"make it again: snakemake -c2 --force {PRODUCT}"
    with pytest.raises(HashMismatchError, match=f"{PRODUCT} is damaged or was replaced.*{again}"):
        read_json(PRODUCT)
    assert main(["verify", "mini"]) == 1
    printed = capsys.readouterr().out
    assert "1 of 2 products are as they were made" in printed and again in printed


def damage_folder(kind: str) -> None:
    if kind == "changed":
        flip(FOLDER / "unet/config.json")
    elif kind == "missing":
        (FOLDER / "unet/config.json").unlink()
    elif kind == "empty":
        (FOLDER / "unet/config.json").write_bytes(b"")
    else:
        (FOLDER / "unet/added.json").write_text("x")


@pytest.mark.parametrize("kind", ["changed", "missing", "empty", "added"])
def test_a_damaged_folder_is_named_by_its_file(kind: str) -> None:
    damage_folder(kind)
    with pytest.raises(HashMismatchError, match="unet/"):
        checksums.check(FOLDER)
    assert main(["verify"]) == 1


def test_what_desktops_and_snakemake_leave_in_a_folder_is_no_damage() -> None:
    for name in (".DS_Store", ".snakemake_timestamp"):
        (FOLDER / name).write_text("")
    assert checksums.check(FOLDER)


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"0" * 64, b"z" * 64 + b"  tables/gates.json\n"])
def test_a_damaged_hash_is_not_taken_for_a_good_product(damage: bytes) -> None:
    Path("results/mini/.checksums/tables/gates.json.sha256").write_bytes(damage)
    with pytest.raises(HashMismatchError, match="nobody knows whether results/mini/tables/gates.json is what was made"):
        checksums.check(PRODUCT)
    assert main(["verify"]) == 1


def test_a_missing_product_is_wrong_and_an_unknown_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results/mini/notes.txt").write_text("mine")
    assert main(["verify"]) == 0
    assert "1 files have no checksum and were not judged: results/mini/notes.txt" in capsys.readouterr().out
    PRODUCT.unlink()
    assert main(["verify"]) == 1 and f"{PRODUCT} is missing" in capsys.readouterr().out


def test_a_moved_world_takes_its_hashes_along(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(workplace / "results", workplace / "elsewhere/results")
    monkeypatch.chdir(workplace / "elsewhere")
    assert main(["verify"]) == 0
    flip(PRODUCT)
    assert main(["verify"]) == 1


def test_a_product_that_is_made_again_has_no_hash_until_it_is_finished() -> None:
    checksums.forget(PRODUCT)
    write_json(PRODUCT, {"holds": False})
    assert read_json(PRODUCT) == {"holds": False} and not checksums.check(PRODUCT)
    checksums.record(PRODUCT)
    assert checksums.check(PRODUCT)


def test_own_files_are_never_to_be_deleted_or_made_again(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text("{")
    with pytest.raises(CorruptFileError) as error:
        read_json(own)
    assert str(own) in str(error.value) and "delete" not in str(error.value) and "snakemake" not in str(error.value)


def test_another_world_is_made_again_with_its_own_configuration() -> None:
    product = Path("results/own/tables/gates.json")
    write_json(product, {})
    write_json("results/own/run_config.yaml", {"world": "own"})
    checksums.record(product)
    flip(product, 0)
    with pytest.raises(
        HashMismatchError, match="snakemake -c2 --configfile results/own/run_config.yaml --force results/own/tables"
    ):
        checksums.check(product)


def test_a_misspelt_world_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "minni"]) == 2
    assert "no world 'minni' in results; there: mini; did you mean 'mini'?" in capsys.readouterr().err
