"""Scenes: the SUN Attribute database (Patterson and Hays 2012), 717 categories of 20 images with 102 attributes."""

from __future__ import annotations

import faulthandler
import math
import multiprocessing
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from lethe.core.registry import nearest
from lethe.diffusion.sources.base import SourceImage, check_entity, read_images
from lethe.io.tables import CorruptFileError, readable

ATTRIBUTES = 102
MEMORY = 2**31  # bytes at most for reading a .mat file; those of the database need 30 MB

# The groups of the database's taxonomy; their order decides between equally good attributes.
AFFORDANCES = (
    *("camping", "hiking", "shopping", "farming", "studying/ learning", "diving", "praying", "climbing", "research", "swimming"),
    *("sports", "spectating/ being in an audience", "reading", "sailing/ boating", "driving", "conducting business"),
    *("sunbathing", "socializing", "eating", "waiting in line/ queuing", "teaching/ training", "working", "biking", "playing"),
    *("competing", "congregating", "transporting things or people", "using tools", "exercise", "vacationing/ touring"),
)
ENVELOPE = (
    *("natural", "far-away horizon", "enclosed area", "open area", "rugged scene", "cold", "no horizon", "cluttered space"),
    *("mostly vertical components", "stressful", "man-made", "symmetrical", "soothing", "warm", "semi-enclosed area"),
    "mostly horizontal components",
)


class SunAttributes:
    """Categories of scenes.

    Args:
        images: folder with the images at the places that ``images.mat`` names, ``w/waterfall/cascade/sun_x.jpg``.
        attributes: folder with ``attributes.mat`` (cell array ``attributes``, 102 names), ``images.mat`` (cell array ``images``)
            and ``attributeLabels_continuous.mat`` (``labels_cv``, images x attributes, share of votes in [0, 1]).

    An image has an attribute if more than half of its three annotators say so, a category if more than half of its images
    have it. A category is what lies between the first and the last part of the path, ``waterfall_cascade``.

    Attributes:
        BALANCING: the two groups from which the reference picks the attributes to balance over, see
            ``lethe.diffusion.testbed.balance.greedy_pair``.

    Raises:
        FileNotFoundError, CorruptFileError: naming the file and what was expected.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``.
    """

    BALANCING: ClassVar = (AFFORDANCES, ENVELOPE)

    def __init__(self, images: str | Path, attributes: str | Path) -> None:
        self.images_folder, self.attributes_folder = Path(images), Path(attributes)
        for folder in (self.images_folder, self.attributes_folder):
            if not folder.is_dir():
                raise FileNotFoundError(f"{folder} is not a folder; expected the unpacked SUN Attribute database")

    def entities(self) -> list[dict[str, Any]]:
        """One record per category, by name: ``dataset_n_original`` and 102 booleans."""
        names = self._strings("attributes.mat", "attributes")
        if len(names) != ATTRIBUTES or len(set(names)) != ATTRIBUTES:
            raise CorruptFileError(
                f"{self.attributes_folder / 'attributes.mat'}: {len(set(names))} different names; expected {ATTRIBUTES}"
            )
        labels = self._labels(len(names))
        records = []
        for category, rows in sorted(self._rows.items()):
            shares = (labels[rows] > 0.5).mean(axis=0)
            flags = {name: bool(share > 0.5) for name, share in zip(names, shares, strict=True)}
            records.append({"name": category, "dataset_n_original": len(rows), **flags})
        return records

    def images(self, name: str) -> Iterator[SourceImage]:
        """The images of a category in the order of ``images.mat`` (the reference drew its order without a seed)."""
        check_entity("sun_attributes", name, list(self._rows))
        return read_images([self._file(row) for row in self._rows[name]])

    def attribute_distance(self, first: str, second: str) -> float:
        """NaN: nobody knows the true distance of two real scenes."""
        return math.nan

    def _file(self, row: int) -> Path:
        path = self.images_folder / self._paths[row]
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist, but {self.attributes_folder / 'images.mat'} lists it (image {row})")
        return path

    @cached_property
    def _paths(self) -> list[str]:
        return self._strings("images.mat", "images")

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, path in enumerate(self._paths):
            parts = path.split("/")
            if len(parts) < 3 or ".." in parts or path.startswith("/") or not path.isprintable():
                raise CorruptFileError(
                    f"{self.attributes_folder / 'images.mat'}: image {row} is {path!r}; expected e.g. 'a/abbey/sun_x.jpg'"
                )
            rows.setdefault("_".join(parts[1:-1]), []).append(row)
        return rows

    def _labels(self, attributes: int) -> NDArray[np.float64]:
        path = self.attributes_folder / "attributeLabels_continuous.mat"
        labels = self._variable(path, "labels_cv")
        expected = (len(self._paths), attributes)
        if labels.shape != expected:
            raise CorruptFileError(f"{path}: 'labels_cv' is {labels.shape}; expected {expected} (images x attributes)")
        if labels.dtype.kind not in "buif" or not ((labels >= 0) & (labels <= 1)).all():
            raise CorruptFileError(f"{path}: 'labels_cv' holds values outside [0, 1]; expected shares of votes")
        return labels.astype(np.float64)

    def _strings(self, file: str, variable: str) -> list[str]:
        """A cell array of strings: an object array whose every cell is an array of one string."""
        path = self.attributes_folder / file
        cells = self._variable(path, variable).ravel()
        strings = []
        for number, cell in enumerate(cells):
            text = np.asarray(cell).ravel()
            if text.size != 1 or not isinstance(text[0], str):
                raise CorruptFileError(f"{path}: cell {number} of '{variable}' is {cell!r}; expected a cell array of strings")
            strings.append(str(text[0]).strip())
        return strings

    @staticmethod
    def _variable(path: Path, variable: str) -> NDArray[Any]:
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist; expected a .mat file with '{variable}'")
        with readable(path, "a readable .mat file", f"; expected one with '{variable}'"):
            content = _load_apart(path)
        if variable not in content:
            found = sorted(key for key in content if not key.startswith("__"))
            raise CorruptFileError(f"{path}: no variable '{variable}'; found {', '.join(found)}{nearest(variable, found)}")
        value = content[variable]
        if not isinstance(value, np.ndarray) or not value.size:
            raise CorruptFileError(f"{path}: '{variable}' is {type(value).__name__} without values; expected an array")
        return value


def _load_apart(path: Path) -> dict[str, Any]:
    """``scipy.io.loadmat`` in a process of its own: some damaged files make it crash, or ask for all of the memory."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork"), _confine) as pool:
        try:
            content: dict[str, Any] = pool.submit(loadmat, path).result()
        except BrokenProcessPool:
            raise ValueError("it makes scipy crash") from None
    return content


def _confine() -> None:
    faulthandler.disable()  # a crash is an answer here
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))
