"""A data set of Deep Unlearn."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.classifiers.data.prepare import write_data
from lethe.io.tables import read_parquet
from lethe.settings.classifiers import Selection

log = logging.getLogger(__name__)


def prepare(
    data: Path, dataset: str, folder: str, selection: Selection, files: Path | None = None, scores: Path | None = None
) -> None:
    """Images, labels and pinned splits of a data set in one file.

    Args:
        folder: where the files of the data set are; empty: it needs none, or looks in its usual places.
        selection: which images are used, how they are labelled, and which of them are to be forgotten.
        files: the folder of downloaded files, used instead.
        scores: of every image by which the forget set is chosen, a column per kind of forget set.
    """
    ranking = None if scores is None else read_parquet(scores)[selection.forget_set].to_numpy(float)
    sizes = write_data(data, dataset, selection, str(files or folder), ranking)
    log.info("%s: %s", dataset, ", ".join(f"{name} {size}" for name, size in sizes.items()))
