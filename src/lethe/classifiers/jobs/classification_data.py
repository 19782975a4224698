"""A data set of Deep Unlearn."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.classifiers.data.prepare import write_data

log = logging.getLogger(__name__)


def prepare(data: Path, dataset: str, folder: str, val_share: float, forget_share: float, files: Path | None = None) -> None:
    """Images, labels and pinned splits of a data set in one file.

    Args:
        folder: where the files of the data set are; empty: it needs none, or looks in its usual places.
        val_share: of the development part, for validation. forget_share: of the training set, to be forgotten.
        files: the folder of downloaded files, used instead.
    """
    sizes = write_data(data, dataset, str(files or folder), val_share, forget_share)
    log.info("%s: %s", dataset, ", ".join(f"{name} {size}" for name, size in sizes.items()))
