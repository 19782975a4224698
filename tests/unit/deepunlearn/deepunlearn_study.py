"""A study of mislabelled digits that is small enough for a test: files as the rules make them."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import NamedTuple

import torch

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.jobs.classifiers import train
from lethe.classifiers.models.stack import Stack
from lethe.io.tensors import write_tensors
from lethe.settings.classifiers import BaseTraining

TRAINING = BaseTraining(epochs=40, batch_size=32)


class Files(NamedTuple):
    """Where they are.

    Attributes:
        references: ``original``, ``retrained`` and ``retrained_again``.
        euk: originals with a last layer that was never trained.
    """

    folder: Path
    data: Path
    references: dict[str, Path]
    euk: Path
    seeds: list[int]
