"""Sets of images before and after unlearning: does the model still draw the same distribution?

Of every model two sets, what it draws of its emitter and what of all others, each against what the base drew of the same
receivers with the same seeds. Rows of ``noise`` compare the base with itself, one half of the seeds with the other: what
sampling alone gives, with half as many images, which widens FID and CMMD.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.core.records import ModelId
from lethe.diffusion.metrics.distribution import SET_METRICS, vectors_of
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.statistics.association import bootstrap_mean

NOISE = "noise"
KEYS = ("task", "method", "epochs", "emitter", "receivers", "images")
Rows = NDArray[np.int64]


def distribution_table(
    task: str, off: Embeddings, models: Iterable[tuple[ModelId, Embeddings]], entities: int, names: Sequence[str]
) -> pd.DataFrame:
    """One row per model and set of receivers, and the floor.

    Args:
        task: its name.
        off: embeddings of the off images.
        models: every model with the embeddings of its on images.
        entities: N; each is the emitter of one row of ``noise`` per set.
        names: what to compute, keys of ``SET_METRICS``.

    Returns:
        ``task, method, epochs, emitter, receivers`` (``emitter`` or ``others``), ``images`` (in each of the two sets), and the columns of
        ``names``; NaN where the sets are too small. Method ``none`` has FID and CMMD 0, precision and recall 1, exactly, and a KID
        below 0.

    Raises:
        ValueError: if an on image has no off image, or embeddings that are needed are not stored.
    """
    vectors = {name: vectors_of(off, name, f"off images of {task}") for name in names}
    places = {key: row for row, key in enumerate(zip(off.receiver.tolist(), off.seed.tolist(), strict=True))}
    rows: list[dict[str, Any]] = []
    for model, on in models:
        keys = list(zip(on.receiver.tolist(), on.seed.tolist(), strict=True))
        if lost := [key for key in keys if key not in places]:
            raise ValueError(f"{model.name}: no off image for (receiver, seed) {lost[:5]}")
        reference = np.array([places[key] for key in keys], dtype=np.int64)
        drawn = {name: vectors_of(on, name, model.name) for name in names}
        for receivers, chosen in _sets(on.receiver, model.index):
            row = dict(zip(KEYS, (task, model.method, model.epochs, model.index, receivers, len(chosen)), strict=True))
            for name in names:
                row |= _compare(name, vectors[name][reference[chosen]], drawn[name][chosen])
            rows.append(row)
    for emitter in range(entities):
        for receivers, chosen in _sets(off.receiver, emitter):
            first, second = halves(off.seed, chosen)
            row = dict(zip(KEYS, (task, NOISE, 0, emitter, receivers, min(len(first), len(second))), strict=True))
            for name in names:
                row |= _compare(name, vectors[name][first], vectors[name][second])
            rows.append(row)
    return pd.DataFrame(rows)


def distribution_summary(
    table: pd.DataFrame, exclude: Collection[int] = (), draws: int = 2000, level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Mean over emitters of every method, and its bootstrap interval.

    Args:
        table: from ``distribution_table``.
        exclude: emitters that are not reported (those hyper-parameters were tuned on).
        draws, level, seed: of the interval, see ``bootstrap_mean``.

    Returns:
        ``method, epochs, receivers, emitters`` (how many), ``images`` (in a set, at least), and for each quantity its mean, ``_low``,
        ``_high`` and ``_left_out`` (emitters without a value, whose sets are too small); an interval needs two emitters.
    """
    quantities = [column for column in table.columns if column not in KEYS]
    reported = table[~table["emitter"].isin(list(exclude))]
    rows = []
    for (method, epochs, receivers), group in reported.groupby(["method", "epochs", "receivers"], sort=False):
        row: dict[str, Any] = {"method": method, "epochs": epochs, "receivers": receivers}
        row |= {"emitters": len(group), "images": int(group["images"].min())}
        for quantity in quantities:
            row |= bootstrap_mean(group[quantity].to_numpy(float), draws, level, seed).columns(quantity)
        rows.append(row)
    return pd.DataFrame(rows)


def halves(seeds: NDArray[np.int64], rows: Rows) -> tuple[Rows, Rows]:
    """``rows`` of the lower and of the upper half of the seeds; of an odd number of seeds the middle one is left out."""
    known = np.unique(seeds[rows])
    half = len(known) // 2
    return rows[np.isin(seeds[rows], known[:half])], rows[np.isin(seeds[rows], known[len(known) - half :])]


def _sets(receiver: NDArray[np.int64], emitter: int) -> Iterator[tuple[str, Rows]]:
    yield "emitter", np.flatnonzero(receiver == emitter)
    yield "others", np.flatnonzero(receiver != emitter)


def _compare(name: str, reference: NDArray[np.float64], generated: NDArray[np.float64]) -> dict[str, float]:
    metric = SET_METRICS[name]
    if min(len(reference), len(generated)) < metric.least:
        return dict.fromkeys(metric.columns, float("nan"))
    return dict(zip(metric.columns, metric.compute(reference, generated), strict=True))
