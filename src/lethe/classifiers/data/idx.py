"""MNIST and Fashion-MNIST: four idx files each, plain or gzipped, under their original names."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lethe.classifiers.data.base import LabelledImages, MissingDataError, Provider, check_labelled
from lethe.io.tables import CorruptFileError, readable


class IdxProvider(Provider):
    """28 x 28 grey images, resized to 32 x 32 and repeated on three channels, as published.

    Attributes:
        name: under which ``data.fetch.fetch`` knows the files.
        packaged: folder where a system package puts them, and the package; looked at where no folder is given.
    """

    classes = 10
    images = 70_000
    image_size = 32
    name: ClassVar[str]
    packaged: ClassVar[tuple[Path, str] | None] = None

    def load(self, folder: Path | None) -> LabelledImages:
        """Read the four files, each as ``NAME.gz`` or ``NAME``.

        Raises:
            MissingDataError: a file is not there. CorruptFileError: a file is no idx file of its kind, is cut short, or images and
                labels differ in number. ValueError: a label is out of range or a class is empty.
        """
        if folder is None and self.packaged is not None:
            folder = self.packaged[0]
        if folder is None:
            raise self._missing("no folder is configured")
        images, labels, paths = [], [], []
        for part in ("train", "t10k"):
            image_path = self._find(folder, f"{part}-images-idx3-ubyte")
            paths.append(self._find(folder, f"{part}-labels-idx1-ubyte"))
            images.append(read_idx(image_path, 3))
            labels.append(read_idx(paths[-1], 1))
            if len(images[-1]) != len(labels[-1]):
                raise CorruptFileError(f"{image_path} holds {len(images[-1])} images but {paths[-1]} {len(labels[-1])} labels")
            if images[0].shape[1:] != images[-1].shape[1:]:
                raise CorruptFileError(f"{image_path}: images of {images[-1].shape[1:]} pixels, others of {images[0].shape[1:]}")
        data = LabelledImages(np.concatenate(images)[..., None], np.concatenate(labels).astype(np.int64), len(labels[1]))
        return check_labelled(data, self.classes, " and ".join(map(str, paths)))

    def _find(self, folder: Path, name: str) -> Path:
        for path in (folder / f"{name}.gz", folder / name):
            if path.is_file():
                return path
        raise self._missing(f"neither {folder / name}.gz nor {folder / name} exists")

    def _missing(self, problem: str) -> MissingDataError:
        files = ", ".join(f"{file} (md5 {md5})" for file, md5 in self.md5.items())
        ways = [
            f"lethe.classifiers.data.fetch.fetch('{self.name}', folder) downloads them",
            f"or put {files} from {self.urls[0]} into the configured folder",
        ]
        if self.packaged is not None:
            ways.insert(0, f"with no folder configured, 'apt-get install {self.packaged[1]}' puts them where they are looked for")
        return MissingDataError(f"{self.name}: {problem}; {'; '.join(ways)}")


class Mnist(IdxProvider):
    """70,000 handwritten digits. Not mirrored in base training: the published training did, but a mirrored digit is none."""

    mean = (0.1307,) * 3
    std = (0.3081,) * 3
    name = "mnist"
    md5 = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    urls = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")


class FashionMnist(IdxProvider):
    """70,000 photographs of clothes.

    Debian's gzip files hold the same bytes without name and time of the original, hence have other checksums.
    """

    mean = (0.2860,) * 3
    std = (0.3530,) * 3
    flip = True
    name = "fashion_mnist"
    md5 = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    urls = (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    )
    packaged = (Path("/usr/share/datasets/fashion-mnist"), "dataset-fashion-mnist")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of an idx file of unsigned bytes, gzipped if its name says so.

    Args:
        dimensions: that it must have: 3 for images, 1 for labels.

    Raises:
        CorruptFileError: it is no such file, or holds fewer or more bytes than its header says.
    """
    with readable(path, "a complete gzip file" if path.suffix == ".gz" else "a readable file", "; fetch it again"):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    magic = bytes((0, 0, 8, dimensions))  # 8: unsigned bytes
    start = 4 + 4 * dimensions
    if data[:4] != magic or len(data) < start:
        raise CorruptFileError(
            f"{path}: starts with {data[:4].hex()}, an idx file of {dimensions} dimension(s) with {magic.hex()}"
        )
    shape = tuple(int(size) for size in np.frombuffer(data[4:start], ">u4"))
    expected = int(np.prod(shape, dtype=object))
    if len(data) - start != expected:
        raise CorruptFileError(f"{path}: {len(data) - start} bytes of data, its header says {expected} {shape}; fetch it again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
