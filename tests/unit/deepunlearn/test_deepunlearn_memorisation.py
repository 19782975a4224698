"""What U-LiRA's originals tell of every image of a data set, from their blocks of splits to a row per image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lethe.benchmarks.deepunlearn.jobs.memorisation import score
from lethe.benchmarks.deepunlearn.lira import write_outputs
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.classifiers.data.prepare import write_data
from lethe.io.tables import read_parquet
from lethe.settings.classifiers import Lira, Selection


def test_confidence_with_and_without_a_sample_is_told_apart(tmp_path: Path) -> None:
    """Models that saw a sample are surer of it by an amount that is known, beside how easy the sample is."""
    lira = Lira(splits=16, forget_sets=2)
    write_data(tmp_path / "data", "digits", Selection())
    splits = lira_splits(1797, splits=16, forgets=2)
    generator = np.random.default_rng(0)
    ease, heart = generator.normal(size=(2, 1797))
    phi = np.tile(ease, (16, 1)).astype(np.float32)
    for row, train in zip(phi, splits.train, strict=True):
        row[train] += heart[train]
    phi[3, splits.unseen[3, 0]] = np.inf  # no observation
    said = [tmp_path / "first", tmp_path / "second"]
    for path, part in zip(said, (slice(0, 10), slice(10, 16)), strict=True):
        both = np.repeat(phi[part, None], 2, axis=1)
        write_outputs(path, both, both > 0)
    score(tmp_path / "data", said, tmp_path / "scores", lira)
    found = read_parquet(tmp_path / "scores")
    known = found.notna().all(axis=1).to_numpy()
    assert len(found) == 1797 and not known[splits.val].any() and known.sum() >= 0.99 * (1797 - len(splits.val))
    assert np.allclose(found["memorised"][known], heart[known], atol=1e-5)
    assert np.allclose(found["hardest"][known], -ease[known], atol=1e-5)
