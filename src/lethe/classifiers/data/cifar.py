"""CIFAR-10 and CIFAR-100 from the files of their binary version; the Python version is pickled and never read."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lethe.classifiers.data.base import LabelledImages, MissingDataError, Provider, check_labelled
from lethe.io.tables import CorruptFileError, readable

PIXELS = 3 * 32 * 32


class CifarProvider(Provider):
    """32 x 32 colour images in records: label byte(s), then the red, green and blue plane.

    Attributes:
        train_files: names of the development part; the test part is ``test_file``.
        records: images that each of the files holds. label_bytes: before the pixels of a record; the last one is the label.
    """

    images = 60_000
    image_size = 32
    crop = 4
    flip = True
    urls = ("https://www.cs.toronto.edu/~kriz/",)
    train_files: ClassVar[tuple[str, ...]]
    test_file: ClassVar[str]
    records: ClassVar[dict[str, int]]
    label_bytes: ClassVar[int]

    def load(self, folder: Path | None) -> LabelledImages:
        """Read the files from ``folder`` or from the archive's folder in it.

        Raises:
            MissingDataError: a file is not there. CorruptFileError: a file has the wrong size. ValueError: a label is out of range
                or a class is empty.
        """
        files = (*self.train_files, self.test_file)
        if folder is None:
            raise self._missing("no folder is configured")
        places = [folder, folder / self.unpacked]
        place = next((place for place in places if (place / self.test_file).is_file()), None)
        if place is None:
            raise self._missing(f"no {self.test_file} in {' or '.join(map(str, places))}")
        images, labels = [], []
        for file in files:
            if not (place / file).is_file():
                raise self._missing(f"{place / file} does not exist")
            pixels, classes = self._read(place / file)
            images.append(pixels)
            labels.append(classes)
        return check_labelled(
            LabelledImages(np.concatenate(images), np.concatenate(labels), len(labels[-1])),
            self.classes,
            f"{place} ({', '.join(files)})",
        )

    def _read(self, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        with readable(path, "a readable file", "; unpack it again"):
            data = np.fromfile(path, np.uint8)
        size, count = self.label_bytes + PIXELS, self.records[path.name]
        if data.size != size * count:
            raise CorruptFileError(
                f"{path}: {data.size} bytes instead of {size * count} ({count} records of {size}); unpack it again"
            )
        data = data.reshape(count, size)
        labels = data[:, self.label_bytes - 1].astype(np.int64)
        if labels.max() >= self.classes:
            record = int(labels.argmax())
            raise ValueError(
                f"{path}: label {labels[record]} of image {record} is out of range; allowed: 0 to {self.classes - 1}"
            )
        return data[:, self.label_bytes :].reshape(count, 3, 32, 32).transpose(0, 2, 3, 1), labels

    def _missing(self, problem: str) -> MissingDataError:
        [(file, md5)] = self.md5.items()
        return MissingDataError(
            f"{type(self).__name__}: {problem}; set `source: fetch`, or unpack {self.urls[0]}{file} (md5 {md5}) and configure the folder "
            f"that holds {', '.join((*self.train_files, self.test_file))}. It must be the binary version: the Python version is "
            "pickled, which is not read"
        )


class Cifar10(CifarProvider):
    """60,000 photographs of 10 classes."""

    classes = 10
    mean = (0.4914, 0.4822, 0.4465)
    std = (0.2023, 0.1994, 0.2010)
    md5 = {"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"}
    unpacked = "cifar-10-batches-bin"
    train_files = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
    test_file = "test_batch.bin"
    records = dict.fromkeys((*train_files, test_file), 10_000)
    label_bytes = 1


class Cifar100(CifarProvider):
    """60,000 photographs of 100 classes; the 20 coarse labels are not used."""

    classes = 100
    mean = (0.5071, 0.4865, 0.4409)
    std = (0.2673, 0.2564, 0.2762)
    md5 = {"cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8"}
    unpacked = "cifar-100-binary"
    train_files = ("train.bin",)
    test_file = "test.bin"
    records = {"train.bin": 50_000, "test.bin": 10_000}
    label_bytes = 2
