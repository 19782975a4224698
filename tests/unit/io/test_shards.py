"""Shards are deterministic, random access is exact, and every kind of damage is named."""

from __future__ import annotations

import tarfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lethe.io.hashing import sha256_file
from lethe.io.shards import ShardReader, encode_png, index_path, scan_tar, write_shard, write_tar
from lethe.io.tables import CorruptFileError, write_parquet


def rows(count=5, size=8, seed=0):
    random = np.random.default_rng(seed)
    for i in range(count):
        image = random.integers(0, 256, (size, size, 3), dtype=np.uint8)
        yield f"{i:03d}_42.png", image, {"receiver": i, "seed": 42, "prompt": f"An image of a {i}"}


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "generated_objects_000_uce_000.tar"
    write_shard(path, rows())
    return path


def test_round_trip_and_index_columns(shard):
    with ShardReader(shard) as reader:
        assert list(reader.table.columns) == ["member", "receiver", "seed", "prompt", "sha256", "offset", "size"]
        assert len(reader) == 5
        images = [image for _, image, _ in rows()]
        np.testing.assert_array_equal(reader.read("003_42.png"), images[3])
        np.testing.assert_array_equal(reader.read_all(), np.stack(images))
        np.testing.assert_array_equal(reader.read_all(["004_42.png", "000_42.png"]), np.stack([images[4], images[0]]))


def test_two_writes_are_equal(shard, tmp_path):
    again = tmp_path / "again.tar"
    write_shard(again, rows())
    assert sha256_file(again) == sha256_file(shard)
    assert sha256_file(index_path(again)) == sha256_file(index_path(shard))


def test_more_images_than_are_encoded_at_once_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")  # that many threads encode
    one, many = tmp_path / "one.tar", tmp_path / "many.tar"
    write_shard(many, rows(150))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_shard(one, rows(150))
    assert sha256_file(one) == sha256_file(many)
    assert [member for member, *_ in scan_tar(many)] == [f"{i:03d}_42.png" for i in range(150)]


def test_an_image_that_cannot_be_encoded_leaves_no_shard(tmp_path):
    broken = [*rows(3), ("x.png", np.zeros((8, 8, 3), dtype=np.float32), {})]
    with pytest.raises(ValueError, match="image is float32"):
        write_shard(tmp_path / "a.tar", broken)
    assert not list(tmp_path.iterdir())


def test_any_tar_tool_reads_it(shard, tmp_path):
    with tarfile.open(shard) as tar:
        infos = tar.getmembers()
        tar.extractall(tmp_path / "out", filter="data")
    assert [i.name for i in infos] == [f"{i:03d}_42.png" for i in range(5)]
    assert {(i.mtime, i.uid, i.gid, i.mode, i.uname) for i in infos} == {(0, 0, 0, 0o644, "")}
    table = pd.read_parquet(index_path(shard))
    assert [i.offset_data for i in infos] == table["offset"].tolist()
    assert scan_tar(shard) == list(table[["member", "offset", "size"]].itertuples(index=False, name=None))


def test_extract_writes_the_png(shard, tmp_path):
    with ShardReader(shard) as reader:
        path = reader.extract("001_42.png", tmp_path / "deep" / "one.png")
        assert sha256_file(path) == reader.table["sha256"][1]
    assert np.array_equal(np.asarray(Image.open(path)), list(rows())[1][1])


def test_grey_images_and_long_names(tmp_path):
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    name = "d" * 90 + "/" + "f" * 60 + ".png"  # beyond the 100 bytes of the plain name field
    write_shard(tmp_path / "g.tar", [(name, grey, {})])
    with ShardReader(tmp_path / "g.tar") as reader:
        np.testing.assert_array_equal(reader.read(name), grey)


def test_empty_shard(tmp_path):
    write_shard(tmp_path / "e.tar", [])
    with ShardReader(tmp_path / "e.tar") as reader:
        assert len(reader) == 0
        with pytest.raises(ValueError, match="no members"):
            reader.read_all()


def test_truncated_tar(shard):
    for keep in (100, 512, 700, len(shard.read_bytes()) // 3):
        data = shard.read_bytes()
        shard.write_bytes(data[:keep])
        with pytest.raises(CorruptFileError, match="truncated"):
            ShardReader(shard)
        shard.write_bytes(data)


def test_flipped_byte_names_shard_and_member(shard):
    offset = int(pd.read_parquet(index_path(shard))["offset"][2])
    data = bytearray(shard.read_bytes())
    data[offset + 40] ^= 1
    shard.write_bytes(data)
    with ShardReader(shard) as reader:
        reader.read("001_42.png")
        with pytest.raises(CorruptFileError, match=r"uce_000\.tar, member '002_42\.png'.*sha256"):
            reader.read("002_42.png")


def test_damaged_header(shard):
    data = bytearray(shard.read_bytes())
    data[3] ^= 1
    shard.write_bytes(data)
    with pytest.raises(CorruptFileError, match="no tar header at byte 0"):
        ShardReader(shard)


def test_missing_member(shard):
    with ShardReader(shard) as reader, pytest.raises(CorruptFileError, match=r"no member '009_42\.png'"):
        reader.read("009_42.png")


def test_index_of_another_tar(shard, tmp_path):
    write_shard(tmp_path / "other.tar", rows(4))
    with pytest.raises(CorruptFileError, match=r"lists 4; first difference at member '004_42\.png'"):
        ShardReader(shard, index=index_path(tmp_path / "other.tar"))


def test_index_in_another_order(shard):
    table = pd.read_parquet(index_path(shard))
    write_parquet(index_path(shard), table[::-1].reset_index(drop=True))
    with pytest.raises(CorruptFileError, match="order"):
        ShardReader(shard)


def test_index_without_a_column(shard):
    table = pd.read_parquet(index_path(shard)).drop(columns="sha256")
    write_parquet(index_path(shard), table)
    with pytest.raises(CorruptFileError, match="no column 'sha256'"):
        ShardReader(shard)


def test_missing_files(shard):
    index_path(shard).unlink()
    with pytest.raises(FileNotFoundError):
        ShardReader(shard)


@pytest.mark.parametrize("member", ["../x.png", "/x.png", "", "a//b.png", "./a.png"])
def test_names_that_leave_the_folder(tmp_path, member):
    with pytest.raises(ValueError, match="not a plain relative path"):
        write_tar(tmp_path / "x.tar", [(member, np.zeros((2, 2, 3), np.uint8), {})])
    assert list(tmp_path.iterdir()) == []


def test_refused_rows_leave_nothing(tmp_path):
    image = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match="given twice"):
        write_tar(tmp_path / "x.tar", [("a.png", image, {}), ("a.png", image, {})])
    with pytest.raises(ValueError, match="column 'size'"):
        write_tar(tmp_path / "x.tar", [("a.png", image, {"size": 3})])
    assert list(tmp_path.iterdir()) == []


def test_only_uint8_images():
    with pytest.raises(ValueError, match="float64"):
        encode_png(np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match=r"\(2, 2, 4\)"):
        encode_png(np.zeros((2, 2, 4), np.uint8))


def test_mixed_sizes_cannot_be_stacked(tmp_path):
    images = [("a.png", np.zeros((2, 2, 3), np.uint8), {}), ("b.png", np.zeros((4, 4, 3), np.uint8), {})]
    write_shard(tmp_path / "x.tar", images)
    with ShardReader(tmp_path / "x.tar") as reader, pytest.raises(ValueError, match=r"'b\.png'"):
        reader.read_all()
