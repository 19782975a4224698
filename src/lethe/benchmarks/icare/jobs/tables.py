"""Tables of interference: of the models of a method, and of all methods of a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.entities import entity_records, join_records, specificity_ratio
from lethe.benchmarks.icare.pairs import image_quantities, tidy, tidy_pairs
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.asked import asked_of
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import read_json, read_parquet, read_parquets, write_json, write_parquet


def tabulate_method(
    metadata: Path,
    off: Path,
    off_embeddings: Path,
    on: list[Path],
    on_embeddings: list[Path],
    images: Path,
    pairs: Path,
    entities: Path,
    models: list[str],
    fidelity: Fidelity,
    asked: Sequence[Path] = (),
) -> None:
    """Write the interference of all models of a method: per image, per pair and per entity.

    Args:
        off, on: scores of the base and of each model.
        models: names of the models.
        asked: which receivers each model was asked for; none: all.
    """
    records = read_metadata(metadata)
    some = asked_of(asked, len(records))
    baseline, off_mean = read_parquet(off), Embeddings.load(off_embeddings).mean_per_receiver(len(records))
    of_images, of_pairs = [], []
    specificity: dict[tuple[str, int], np.ndarray] = {}
    for name, scores, embeddings in zip(models, on, on_embeddings, strict=True):
        model = ModelId.parse(name)
        quantities = image_quantities(baseline, read_parquet(scores), str(scores))
        of_images.append(tidy(quantities, model))
        of_model = (
            None if some is None else {index: float(some.probability[model.index, index]) for index in some.of(model.index)}
        )
        of_pairs.append(tidy_pairs(quantities, len(records), model, str(scores), of_model))
        ratios = specificity.setdefault((model.method, model.epochs), np.full(len(records), np.nan))
        weights = None if some is None else some.weights[model.index]
        ratios[model.index] = specificity_ratio(Embeddings.load(embeddings), off_mean, model.index, weights)
    table = pd.concat(of_pairs, ignore_index=True)
    write_parquet(images, pd.concat(of_images, ignore_index=True))
    write_parquet(pairs, table)
    write_json(entities, entity_records(records, table, specificity, fidelity))


def join_methods(
    images_of_methods: list[Path],
    pairs_of_methods: list[Path],
    entities_of_methods: list[Path],
    images: Path,
    pairs: Path,
    entities: Path,
) -> None:
    """Put the tables of all methods of a task together."""
    write_parquet(images, read_parquets(images_of_methods))
    write_parquet(pairs, read_parquets(pairs_of_methods))
    write_json(entities, join_records([read_json(path) for path in entities_of_methods]))
