"""The provider protocol: a data set as arrays, official training part first, test part after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor  # the plan asks providers for their sizes and needs no torch

    from lethe.classifiers.data.pixels import Pixels


class MissingDataError(FileNotFoundError):
    """The files of a data set are not where they were looked for; the message says where, and how to get them."""


@dataclass(frozen=True)
class LabelledImages:
    """A data set.

    Attributes:
        images: (N, H, W, C) uint8, development part first, then the test part; C is 1 or 3.
        labels: (N,) int64, 0..classes-1.
        test: number of images of the test part: the last ones.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    test: int


class Provider(ABC):
    """Where a data set comes from and how its images enter a network.

    Attributes:
        classes: number of classes.
        images: number of images, both parts together; memory is planned with it.
        image_size: height and width that a network sees; images of another size are resized (bilinear).
        mean, std: per channel of the network's input in [0, 1], for normalisation. Their number is the number of input channels: a grey
            image is repeated where there are three.
        crop: pixels of padding of the random crop in base training, 0 for none. flip: whether base training mirrors images.
        official_test: whether the test part comes with the data set; U-LiRA uses the whole of one where it does not.
        md5: official files and their MD5, which are fetched from one of ``urls``; empty: none can be. unpacked: folder that an archive among
            them is unpacked into.
    """

    classes: ClassVar[int]
    images: ClassVar[int]
    image_size: ClassVar[int]
    mean: ClassVar[tuple[float, ...]]
    std: ClassVar[tuple[float, ...]]
    crop: ClassVar[int] = 0
    flip: ClassVar[bool] = False
    official_test: ClassVar[bool] = True
    md5: ClassVar[Mapping[str, str]] = {}
    urls: ClassVar[tuple[str, ...]] = ()
    unpacked: ClassVar[str] = ""

    @abstractmethod
    def load(self, folder: Path | None) -> LabelledImages:
        """Read the data set, from ``folder`` where it has files.

        Raises:
            MissingDataError: it is not there. CorruptFileError: a file cannot be read as what it should be.
        """

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of a network's input."""
        return len(self.mean), self.image_size, self.image_size

    def pixels(self, images: NDArray[np.uint8], device: str = "cpu") -> Pixels:
        """Images (N, H, W, C) on a device, as bytes that become network input when they are indexed."""
        import torch

        from lethe.classifiers.data.pixels import Pixels

        values = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        return Pixels.on(device, values, self.image_size, self.mean, self.std)

    def to_input(self, images: NDArray[np.uint8]) -> Tensor:
        """Network input (N, C, H, W) float32 of images (N, H, W, C): resized, in [0, 1], normalised."""
        return self.pixels(images)[:]


def check_labelled(data: LabelledImages, classes: int, where: str) -> LabelledImages:
    """The data set, if images and labels agree, every label is in range and every class occurs in both parts.

    Raises:
        ValueError: naming ``where`` (the file or data set), the fault and what was allowed.
    """
    if len(data.images) != len(data.labels):
        raise ValueError(f"{where}: {len(data.images)} images but {len(data.labels)} labels")
    if not 0 < data.test < len(data.images):
        raise ValueError(f"{where}: the test part has {data.test} of {len(data.images)} images")
    wrong = np.flatnonzero((data.labels < 0) | (data.labels >= classes))
    if len(wrong):
        raise ValueError(
            f"{where}: label {data.labels[wrong[0]]} of image {wrong[0]} is out of range; allowed: 0 to {classes - 1}"
        )
    for part, labels in (("development", data.labels[: -data.test]), ("test", data.labels[-data.test :])):
        empty = sorted(set(range(classes)) - set(labels.tolist()))
        if empty:
            raise ValueError(f"{where}: no image of class {', '.join(map(str, empty))} in the {part} part")
    return data
