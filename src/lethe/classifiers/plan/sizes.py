"""Memory and time that jobs on stacks of classifiers ask for, from the size of a model.

Main memory, MB, measured by ``python -m lethe.tools.model_memory``::

    PROCESS + COPIES * images + weights * (stacked + AT_WORK * at_once) + kept * batch * at_once

with ``stacked`` models in memory beside the ``at_once`` that are trained, and what a training step keeps of every image of a batch. On a
GPU the last term, and the weights at work, are on the device. Files of models are maps, whose pages the system takes back when it needs them.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from lethe.classifiers import ARCHITECTURES, PROVIDERS
from lethe.classifiers.models.description import ArchitectureDescription
from lethe.core.description import description_of

if TYPE_CHECKING:
    from lethe.classifiers.data.base import Provider

PROCESS = 1500  # MB of a process with torch, and of a job's own data
ON_GPU = 2000  # MB of main memory that CUDA and its libraries take
COPIES = 3.25  # images while they are normalised: three times as float32 and once as uint8
AT_WORK = 8  # copies of a model at work: start, weights, gradients, momentum, update; with the teacher, mask and copy of a method
PASSES = 2  # a method may keep the images of two passes at once: a student's and a bad teacher's
LEAST = 4000  # MB of a job that trains a stack of models, however small its data set
SPARE = 3.0  # a job asks for so many times the time that it is expected to take
HOUR, DAY = 60, 1440


class Size(NamedTuple):
    """Sizes of a study.

    Attributes:
        images: MB of all images as float32. weights: MB of one model. kept: MB that a training step keeps of one image.
        at_once: models that train side by side. step: seconds of a training step of 256 images, per model, on the device of the run.
    """

    images: float
    weights: float
    kept: float
    at_once: int
    step: float

    def beside(self, models: int) -> Size:
        """The same study with at least ``models`` trained side by side."""
        return self._replace(at_once=max(self.at_once, models))

    def memory(self, stacked: int, batch: int, cuda: bool) -> int:
        """MB of main memory for a job, rounded up to 500; see the module."""
        need = PROCESS + COPIES * self.images + self.weights * stacked
        if cuda:
            need += ON_GPU + self.weights * self.at_once
        else:
            need += self.at_once * (AT_WORK * self.weights + PASSES * self.kept * batch)
        return max(LEAST, ceil(need / 500) * 500)

    def minutes(self, models: int, steps: int, batch: int) -> int:
        """Of a job that trains ``models`` for ``steps`` steps of ``batch`` images: an hour at least, a day at most, since jobs go on."""
        expected = models * steps * self.step * max(1.0, batch / 256) / 60
        return min(DAY, max(HOUR, ceil(SPARE * expected / 30) * 30))


def size_of(provider: str, count: int, architecture: str, cuda: bool) -> Size:
    """Sizes of a study on ``count`` images of a provider.

    Raises:
        UnknownNameError: no such provider or architecture. DescriptionError: an architecture does not say how large it is.
    """
    images, network = PROVIDERS.load(provider)(), described(architecture)
    return Size(
        megabytes_of(images, count),
        network.megabytes(images.classes, images.image_shape),
        network.megabytes_kept(images.image_shape),
        network.at_once,
        (network.gpu if cuda else network.cpu) * max(1.0, images.image_size**2 / 32**2),
    )


def memory_of_images(provider: str, count: int) -> int:
    """MB for a job that holds ``count`` images of a provider as network input, rounded up to 500; at least ``LEAST``."""
    return max(LEAST, ceil((PROCESS + COPIES * megabytes_of(PROVIDERS.load(provider)(), count)) / 500) * 500)


def megabytes_of(provider: Provider, count: int) -> float:
    """MB of ``count`` images as float32: images x channels x height x width x 4."""
    return 4e-6 * count * len(provider.mean) * provider.image_size**2


def described(architecture: str) -> ArchitectureDescription:
    """What an architecture says of its size."""
    return ArchitectureDescription(**description_of(ARCHITECTURES.target_of(architecture)))
