"""Data sets of Deep Unlearn: published file formats, their faults, splits, augmentation, downloads."""

from __future__ import annotations

import gzip
import hashlib
import struct
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.model_selection import train_test_split
from tests.file_server import Cut, FileServer, Refuse, serving

from lethe.classifiers import PROVIDERS
from lethe.classifiers.data.augment import augmentation
from lethe.classifiers.data.base import MissingDataError
from lethe.classifiers.data.cifar import Cifar10, Cifar100, CifarProvider
from lethe.classifiers.data.digits import Digits
from lethe.classifiers.data.fetch import fetch
from lethe.classifiers.data.idx import FashionMnist, IdxProvider, Mnist, read_idx
from lethe.classifiers.data.splits import fixed_split
from lethe.classifiers.data.utkface import UtkFace
from lethe.io.download import ATTEMPTS, DownloadError
from lethe.io.tables import CorruptFileError
from lethe.settings.deepunlearn import FETCHABLE

RNG = np.random.default_rng(0)
IDX = {"train": 30, "t10k": 20}


def idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()


def put(path: Path, data: bytes) -> None:
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    path.write_bytes(data)


@pytest.fixture(params=["", ".gz"])
def suffix(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def idx_folder(tmp_path: Path, suffix: str) -> Path:
    for part, count in IDX.items():
        put(tmp_path / f"{part}-images-idx3-ubyte{suffix}", idx(RNG.integers(0, 256, (count, 28, 28))))
        put(tmp_path / f"{part}-labels-idx1-ubyte{suffix}", idx(np.arange(count) % 10))
    return tmp_path


@pytest.mark.parametrize("provider", [Mnist, FashionMnist])
def test_idx_files_are_read_as_published(idx_folder: Path, provider: type[IdxProvider]) -> None:
    data = provider().load(idx_folder)
    assert data.images.shape == (50, 28, 28, 1) and data.images.dtype == np.uint8 and data.test == 20
    assert data.labels.dtype == np.int64 and data.labels.tolist() == [*np.arange(30) % 10, *np.arange(20) % 10]
    images = provider().to_input(data.images)
    assert images.shape == (50, 3, 32, 32) and images.dtype == torch.float32
    assert torch.equal(images[:, 0], images[:, 2])
    low, high = (0 - provider.mean[0]) / provider.std[0], (1 - provider.mean[0]) / provider.std[0]
    assert low - 1e-5 <= images.min() < images.max() <= high + 1e-5


def damage(path: Path, change: Callable[[bytes], bytes]) -> None:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    put(path, change(data))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("train-images-idx3-ubyte", lambda data: data[:-1], "23519 bytes of data, its header says 23520"),
        ("train-images-idx3-ubyte", lambda data: data + b"x", "23521 bytes of data"),
        ("t10k-labels-idx1-ubyte", lambda data: b"\x00\x00\x0d" + data[3:], "starts with 00000d01"),
        ("t10k-images-idx3-ubyte", lambda data: data[:9], "starts with 00000803"),
        ("t10k-images-idx3-ubyte", lambda data: b"", "starts with"),
        ("train-labels-idx1-ubyte", lambda data: idx(np.arange(29) % 10), "holds 30 images but"),
        ("t10k-images-idx3-ubyte", lambda data: idx(np.zeros((20, 8, 8))), "images of \\(8, 8\\) pixels"),
    ],
)
def test_a_damaged_idx_file_is_named(idx_folder: Path, suffix: str, file: str, change: Callable, message: str) -> None:
    damage(idx_folder / f"{file}{suffix}", change)
    with pytest.raises(CorruptFileError, match=message) as error:
        Mnist().load(idx_folder)
    assert f"{file}{suffix}" in str(error.value)


@pytest.mark.parametrize("cut", [0, 5, 40])
def test_a_cut_gzip_file_is_named(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(RNG.integers(0, 256, (9, 28, 28))))[:cut])
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(b"")
    with pytest.raises(CorruptFileError, match=str(path)):
        Mnist().load(tmp_path)


def test_a_web_page_under_the_name_of_a_gzip_file_is_named(tmp_path: Path) -> None:
    for part in IDX:
        for kind in ("images-idx3", "labels-idx1"):
            (tmp_path / f"{part}-{kind}-ubyte.gz").write_bytes(b"<!DOCTYPE html><html></html>")
    with pytest.raises(CorruptFileError, match="train-images-idx3-ubyte.gz: not a complete gzip file"):
        Mnist().load(tmp_path)


def test_labels_out_of_range_and_empty_classes_are_named(idx_folder: Path, suffix: str) -> None:
    path = idx_folder / f"train-labels-idx1-ubyte{suffix}"
    put(path, idx(np.where(np.arange(30) == 7, 10, np.arange(30) % 10)))
    with pytest.raises(ValueError, match="label 10 of image 7 is out of range; allowed: 0 to 9") as error:
        Mnist().load(idx_folder)
    assert str(path) in str(error.value)
    put(path, idx(np.arange(30) % 9))
    with pytest.raises(ValueError, match="no image of class 9 in the development part"):
        Mnist().load(idx_folder)


def test_missing_idx_files_say_where_and_how(idx_folder: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        MissingDataError, match="no folder is configured.*fetch\\('mnist', folder\\).*f68b3c2dcbeaaa9fbdd348bbdeb94873"
    ):
        Mnist().load(None)
    monkeypatch.setattr(FashionMnist, "packaged", (idx_folder, "dataset-fashion-mnist"))
    assert FashionMnist().load(None).test == 20  # the package's folder, where none is configured
    (idx_folder / f"t10k-labels-idx1-ubyte{suffix}").unlink()
    with pytest.raises(MissingDataError, match="neither .*t10k-labels-idx1-ubyte.gz.*apt-get install dataset-fashion-mnist"):
        FashionMnist().load(None)


CIFAR = [(Cifar10, 60, 20), (Cifar100, 400, 200)]


def write_cifar(folder: Path, provider: type[CifarProvider], per_file: dict[str, int]) -> dict[str, np.ndarray]:
    folder.mkdir(parents=True, exist_ok=True)
    records = {}
    for file, count in per_file.items():
        data = RNG.integers(0, 256, (count, provider.label_bytes + 3072), dtype=np.uint8)
        data[:, provider.label_bytes - 1] = np.arange(count) % provider.classes
        (folder / file).write_bytes(data.tobytes())
        records[file] = data
    return records


@pytest.fixture(params=CIFAR, ids=["cifar10", "cifar100"])
def cifar(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[type[CifarProvider], dict[str, int]]:
    provider, train, test = request.param
    records = {**dict.fromkeys(provider.train_files, train), provider.test_file: test}
    monkeypatch.setattr(provider, "records", records)
    return provider, records


@pytest.mark.parametrize("nested", [False, True])
def test_cifar_records_are_read_as_published(tmp_path: Path, cifar: tuple, nested: bool) -> None:
    provider, per_file = cifar
    records = write_cifar(tmp_path / provider.unpacked if nested else tmp_path, provider, per_file)
    data = provider().load(tmp_path)
    assert data.images.shape == (sum(per_file.values()), 32, 32, 3) and data.test == per_file[provider.test_file]
    everything = np.concatenate(list(records.values()))
    assert np.array_equal(data.labels, everything[:, provider.label_bytes - 1])
    pixels = everything[:, provider.label_bytes :]
    assert data.images[3, 5, 7].tolist() == [pixels[3, plane * 1024 + 5 * 32 + 7] for plane in range(3)]


def test_faults_of_cifar_files_are_named(tmp_path: Path, cifar: tuple) -> None:
    provider, per_file = cifar
    with pytest.raises(MissingDataError, match="no folder is configured.*binary version"):
        provider().load(None)
    with pytest.raises(
        MissingDataError, match=f"{provider.test_file}.*https://www.cs.toronto.edu/~kriz/{next(iter(provider.md5))}"
    ):
        provider().load(tmp_path)
    write_cifar(tmp_path, provider, per_file)
    first = tmp_path / provider.train_files[0]
    whole = first.read_bytes()
    first.write_bytes(whole[: -(provider.label_bytes + 3072)])  # a whole record less
    with pytest.raises(CorruptFileError, match=f"{first}: .* bytes instead of {len(whole)}"):
        provider().load(tmp_path)
    first.write_bytes(bytes(provider.label_bytes - 1) + bytes([provider.classes]) + whole[provider.label_bytes :])
    with pytest.raises(ValueError, match=f"{first}: label {provider.classes} of image 0 is out of range"):
        provider().load(tmp_path)
    first.unlink()
    with pytest.raises(MissingDataError, match=f"{first} does not exist"):
        provider().load(tmp_path)


def test_an_empty_class_of_cifar_is_named(tmp_path: Path, cifar: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, per_file = cifar
    fewer = {**per_file, provider.test_file: provider.classes - 1}
    monkeypatch.setattr(provider, "records", fewer)
    write_cifar(tmp_path, provider, fewer)
    with pytest.raises(ValueError, match=f"no image of class {provider.classes - 1} in the test part"):
        provider().load(tmp_path)


def write_faces(folder: Path, count: int = 60) -> dict[str, int]:
    """Grey level -> nothing else tells the files apart; returns name -> grey level."""
    folder.mkdir(parents=True, exist_ok=True)
    levels = {}
    for number in RNG.permutation(count).tolist():
        name = f"{number * 2}_0_{number % 5}_2017{number:013d}.jpg.chip.jpg"
        levels[name] = number * 4
        Image.new("RGB", (10, 10), (number * 4,) * 3).save(folder / name, quality=95)
    return levels


@pytest.mark.parametrize("nested", [False, True])
def test_faces_are_sorted_by_name_then_split(tmp_path: Path, nested: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UtkFace, "image_size", 16)
    levels = write_faces(tmp_path / "UTKFace" if nested else tmp_path)
    data = UtkFace().load(tmp_path)
    assert data.images.shape == (60, 16, 16, 3) and data.test == 12
    order = np.random.default_rng(123).permutation(60)
    names = np.array(sorted(levels))[[*order[12:], *order[:12]]]
    assert data.labels.tolist() == [min(int(name.split("_")[0]) // 20, 4) for name in names]
    assert np.abs(data.images[:, 8, 8, 0].astype(int) - [levels[name] for name in names]).max() <= 2


def test_faults_of_faces_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UtkFace, "image_size", 16)
    with pytest.raises(MissingDataError, match="no folder is configured.*susanqq.github.io/UTKFace"):
        UtkFace().load(None)
    with pytest.raises(MissingDataError, match="no images in"):
        UtkFace().load(tmp_path)
    write_faces(tmp_path)
    broken = tmp_path / "3_0_0_2017.jpg"
    broken.write_bytes(next(tmp_path.glob("*.chip.jpg")).read_bytes()[:200])
    with pytest.raises(CorruptFileError, match=f"{broken}: not a readable image"):
        UtkFace().load(tmp_path)
    broken.rename(tmp_path / "face.jpg")
    with pytest.raises(CorruptFileError, match="face.jpg: the name does not start with an age"):
        UtkFace().load(tmp_path)
    (tmp_path / "face.jpg").unlink()
    for path in tmp_path.glob("[89]?_*.jpg"):
        path.unlink()
    for path in tmp_path.glob("1??_*.jpg"):
        path.unlink()
    with pytest.raises(ValueError, match="no image of class 4"):
        UtkFace().load(tmp_path)


def test_a_git_lfs_pointer_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / Cifar10.test_file
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 70\n")
    for read in (lambda: read_idx(file, 3), lambda: Cifar10()._read(file)):
        with pytest.raises(CorruptFileError, match=f"{file}: a Git LFS pointer, not the file of 70 bytes.*git lfs pull"):
            read()


def test_faces_are_turned_upright_and_what_is_left_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(UtkFace, "image_size", 16)
    write_faces(tmp_path)
    two = np.zeros((16, 16, 3), np.uint8)
    two[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(two).save(tmp_path / "0_9.png", exif=exif)
    (tmp_path / "0_9.heic").write_bytes(b"x")
    data = UtkFace().load(tmp_path)
    assert np.array_equal(two[::-1], data.images[np.flatnonzero((data.images == two[::-1]).all((1, 2, 3)))[0]])
    assert "1 (0_9.heic)" in caplog.text and "turned upright, as their EXIF data say: 1 (0_9.png)" in caplog.text


def test_every_registered_provider_says_what_enters_a_network() -> None:
    for name in PROVIDERS.names():
        provider = PROVIDERS.load(name)()
        assert provider.image_shape == (len(provider.std), provider.image_size, provider.image_size)
        assert all(0 < mean < 1 for mean in provider.mean) and all(0 < std < 1 for std in provider.std)


def test_digits_have_the_published_sizes() -> None:
    data = Digits().load(None)
    split = fixed_split(len(data.images) - data.test, data.test)
    assert [len(part) for part in (split.retain, split.forget, split.val, split.test)] == [1098, 123, 216, 360]


@pytest.mark.parametrize(
    ("dev", "test", "sizes"),
    [
        (50000, 10000, (38250, 4250, 7500, 10000)),  # cifar10, cifar100
        (60000, 10000, (45900, 5100, 9000, 10000)),  # mnist, fashion_mnist
        (18967, 4741, (14508, 1613, 2846, 4741)),  # utkface
    ],
)
def test_splits_have_the_published_sizes_and_are_the_published_calls(dev: int, test: int, sizes: tuple[int, ...]) -> None:
    split = fixed_split(dev, test)
    parts = (split.retain, split.forget, split.val, split.test)
    assert tuple(map(len, parts)) == sizes
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(dev + test))  # disjoint and complete
    train, val = train_test_split(np.arange(dev), test_size=0.15, random_state=123)
    retain, forget = train_test_split(train, test_size=0.10, random_state=123)
    assert np.array_equal(split.retain, retain) and np.array_equal(split.forget, forget) and np.array_equal(split.val, val)


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.15, 0.0), (0.15, 1.0), (0.15, 0.99)])
def test_a_share_that_leaves_nothing_is_an_error(shares: tuple[float, float]) -> None:
    with pytest.raises(ValueError):
        fixed_split(20, 5, val_share=shares[0], forget_share=shares[1])


class Cropped(Digits):
    image_size = 12
    mean, std = (0.5, 0.25), (0.5, 0.5)
    crop = 2
    flip = True


class Flipped(Digits):
    flip = True


def test_augmentation_follows_the_provider() -> None:
    assert augmentation(Digits()) is None and augmentation(Mnist()) is None and augmentation(UtkFace()) is None
    assert augmentation(FashionMnist()) is not None and augmentation(Cifar10()) is not None
    flip = augmentation(Flipped())
    assert flip is not None
    images = torch.rand(200, 1, 8, 8)
    out = flip(images, torch.Generator().manual_seed(0))
    mirrored = (out == images.flip(3)).flatten(1).all(1)
    assert (mirrored | (out == images).flatten(1).all(1)).all() and 70 < mirrored.sum() < 130


def test_a_crop_is_one_of_the_shifts_of_the_black_padded_image() -> None:
    augment = augmentation(Cropped())
    assert augment is not None
    pixels = torch.rand(300, 2, 12, 12)
    mean, std = (torch.tensor(values).view(2, 1, 1) for values in (Cropped.mean, Cropped.std))
    out = augment((pixels - mean) / std, torch.Generator().manual_seed(1))
    padded = (torch.nn.functional.pad(pixels, (2, 2, 2, 2)) - mean) / std  # black is 0 before normalisation
    seen = set()
    for image, result in zip(padded, out, strict=True):
        found = [
            (row, column, mirrored)
            for row in range(5)
            for column in range(5)
            for mirrored in (False, True)
            if torch.equal(result.flip(2) if mirrored else result, image[:, row : row + 12, column : column + 12])
        ]
        assert len(found) == 1
        seen.update(found)
    assert len(seen) == 50  # every shift, mirrored and not


def test_augmentation_depends_on_its_generator_alone() -> None:
    augment = augmentation(Cropped())
    assert augment is not None
    images = torch.rand(16, 2, 12, 12)
    first, second = (augment(images, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second) and not torch.equal(first, augment(images, torch.Generator().manual_seed(6)))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving(monkeypatch) as server:
        server.files = {name: gzip.compress(RNG.bytes(20_000), mtime=0) for name in Mnist.md5}
        monkeypatch.setattr(Mnist, "md5", {name: hashlib.md5(server.files[name]).hexdigest() for name in Mnist.md5})
        yield server


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_fetch_gets_what_is_missing_or_wrong(server: FileServer, tmp_path: Path) -> None:
    names = list(server.files)
    (tmp_path / names[0]).write_bytes(server.files[names[0]])
    (tmp_path / names[1]).write_bytes(b"damaged")
    fetch("mnist", tmp_path, [server.url])
    assert content(tmp_path) == server.files
    assert [name for name, _ in server.requests] == names[1:]


def test_a_fetch_survives_a_busy_server_and_goes_on_after_a_cut(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Refuse(503), Cut()]
    fetch("mnist", tmp_path, [server.url])
    assert content(tmp_path) == server.files
    name = next(iter(server.files))
    assert server.requests[:3] == [(name, None), (name, None), (name, f"bytes={len(server.files[name]) // 2}-")]


def test_a_fetch_repeats_a_wrong_body(server: FileServer, tmp_path: Path) -> None:
    server.faults = [gzip.compress(b"something else", mtime=0)]
    fetch("mnist", tmp_path, [server.url])
    assert content(tmp_path) == server.files and len(server.requests) == 5


def test_a_fetch_tries_the_next_address(server: FileServer, tmp_path: Path) -> None:
    fetch("mnist", tmp_path, [server.url.replace("/data/", "/nothing"), server.url])
    assert content(tmp_path) == server.files and len(server.requests) == 8


@pytest.mark.parametrize(
    ("fault", "attempts", "message"),
    [
        (b"<html>sign in</html>", 1, "not a gz file but starts with b'<html>.*a web page"),
        (gzip.compress(b"something else", mtime=0), 2, "md5 is .* instead of .*published"),
        (Refuse(503), ATTEMPTS, "HTTP status 503"),
    ],
)
def test_a_fetch_that_fails_says_why_and_leaves_nothing(
    server: FileServer, tmp_path: Path, fault: Refuse | bytes, attempts: int, message: str
) -> None:
    server.faults = [fault] * attempts
    with pytest.raises(DownloadError, match=message) as error:
        fetch("mnist", tmp_path, [server.url])
    assert server.url in str(error.value) and not list(tmp_path.iterdir())
    assert len(server.requests) == attempts


def test_a_file_that_no_address_has_is_an_error_at_once(server: FileServer, tmp_path: Path) -> None:
    server.files.clear()
    with pytest.raises(DownloadError, match="HTTP status 404"):
        fetch("mnist", tmp_path, [server.url])
    assert len(server.requests) == 1


def test_an_archive_of_cifar_is_fetched_unpacked_and_read(tmp_path: Path, cifar: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, per_file = cifar
    write_cifar(tmp_path / provider.unpacked, provider, per_file)
    [name] = provider.md5
    with tarfile.open(tmp_path / name, "w:gz") as archive:
        archive.add(tmp_path / provider.unpacked, provider.unpacked)
    with serving(monkeypatch) as server:
        server.files = {name: (tmp_path / name).read_bytes()}
        monkeypatch.setattr(provider, "md5", {name: hashlib.md5(server.files[name]).hexdigest()})
        for _ in range(2):  # what is there is left alone
            fetch(provider.__name__.lower(), tmp_path / "files", [server.url])
        assert len(server.requests) == 1
        monkeypatch.setattr(provider, "md5", {name: "0" * 32})
        with pytest.raises(DownloadError, match=f"md5 is .* instead of {'0' * 32}"):
            fetch(provider.__name__.lower(), tmp_path / "other", [server.url])
    assert [path.name for path in (tmp_path / "files").iterdir()] == [provider.unpacked]
    fetched, packed = (provider().load(tmp_path / place) for place in ("files", provider.unpacked))
    assert np.array_equal(fetched.images, packed.images) and np.array_equal(fetched.labels, packed.labels)


def test_what_can_be_fetched_is_what_has_published_checksums(tmp_path: Path) -> None:
    assert [name for name in PROVIDERS.names() if PROVIDERS.load(name).md5] == FETCHABLE
    assert all(PROVIDERS.load(name).urls for name in FETCHABLE)
    with pytest.raises(ValueError, match="'digits' cannot be fetched; allowed: cifar10, cifar100, fashion_mnist, mnist"):
        fetch("digits", tmp_path)
