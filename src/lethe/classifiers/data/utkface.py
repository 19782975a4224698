"""UTKFace: aligned faces of people of known age."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from lethe.classifiers.data.base import LabelledImages, MissingDataError, Provider, check_labelled
from lethe.core.progress import log
from lethe.io.image_folders import list_images, warn_left_out
from lethe.io.images import decode_image, note_lines
from lethe.io.tables import CorruptFileError

SPLIT_SEED = 123
TEST_SHARE = 0.2  # the data set has no split
YEARS = 20  # per class; the last one is open


class UtkFace(Provider):
    """23,708 faces in five classes of age: 0-19, 20-39, 40-59, 60-79, 80 and older. No augmentation, as published.

    Memory: 3.6 GB as uint8 at 224 x 224, to which they are resized on reading. Network input of all of them is 14.3 GB of float32,
    and whoever holds it on a device needs as much there.
    """

    classes = 5
    images = 23_708
    image_size = 224
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)
    official_test = False

    def load(self, folder: Path | None) -> LabelledImages:
        """Read the images of ``folder`` or of ``UTKFace`` in it, in the order of their names; the age is their first field.

        The published code takes the files in the order of the file system, so its split differs from machine to machine. Sorted
        here: test = the first int(0.2 N) of ``default_rng(123).permutation(N)``, development = the others, both in that order.

        Raises:
            MissingDataError: there are no such files. CorruptFileError: a name has no age or an image cannot be decoded; names the
                file. ValueError: a class is empty.
        """
        if folder is None:
            raise _missing("no folder is configured")
        places = [folder, folder / "UTKFace"]
        listed = [list_images(place) for place in places if place.is_dir()]
        paths, others = next((found for found in listed if found[0]), ([], []))
        if not paths:
            raise _missing(f"no images in {' or '.join(map(str, places))}")
        warn_left_out([path.name for path in others])
        test = int(TEST_SHARE * len(paths))
        order = np.random.default_rng(SPLIT_SEED).permutation(len(paths))
        images = np.empty((len(paths), self.image_size, self.image_size, 3), np.uint8)
        labels = np.empty(len(paths), np.int64)
        notes = []
        for row, position in enumerate(np.roll(order, -test)):
            path = paths[position]
            age = path.name.split("_")[0]
            if not (age.isascii() and age.isdigit()):
                raise CorruptFileError(
                    f"{path}: the name does not start with an age, as in 26_0_1_20170116.jpg; take it out of the folder"
                )
            labels[row] = min(int(age) // YEARS, self.classes - 1)
            picture = decode_image(path, path)
            notes += [(path.name, note) for note in picture.notes]
            size = (self.image_size, self.image_size)
            images[row] = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.BILINEAR))
        for line in note_lines(notes):
            log.warning("pictures %s", line)
        return check_labelled(LabelledImages(images, labels, test), self.classes, str(paths[0].parent))


def _missing(problem: str) -> MissingDataError:
    return MissingDataError(
        f"utkface: {problem}; download 'Aligned&Cropped Faces' by hand from https://susanqq.github.io/UTKFace/ (23,708 files like "
        "26_0_1_20170116174525125.jpg.chip.jpg), unpack it and configure the folder"
    )
