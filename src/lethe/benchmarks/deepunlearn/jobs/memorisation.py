"""Which samples of a data set its networks know by heart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lethe.benchmarks.deepunlearn.lira import read_outputs
from lethe.benchmarks.deepunlearn.memorisation import memorisation
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.classifiers.data.stored import read_data
from lethe.io.tables import write_parquet
from lethe.settings.classifiers import Lira


def score(data: Path, said: list[Path], scores: Path, lira: Lira) -> None:
    """Write a row per image of the data set; images that U-LiRA leaves out have no score.

    Args:
        said: what the originals say, a file per block of splits.
    """
    phi, _ = read_outputs(said)
    samples = phi.shape[2]
    splits = lira_splits(samples, splits=lira.splits, forgets=lira.forget_sets)
    trained = np.zeros((lira.splits, samples), dtype=bool)
    np.put_along_axis(trained, splits.train, True, axis=1)
    _, _, tensors = read_data(data)
    found = memorisation(phi[:, 0], trained, splits.never_seen())
    write_parquet(scores, found.reindex(range(len(tensors["images"]))))
