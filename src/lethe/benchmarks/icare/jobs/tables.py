"""Tables of interference: of the models of a method, and of all methods of a task.

The rows of a method, and more so those of a task, grow with the square of its entities. They are written model by model and joined a
piece at a time: what is held is one model, and a matrix per metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lethe.benchmarks.icare.entities import join_records, method_records, specificity_ratio
from lethe.benchmarks.icare.matrices import Matrix, add_model, pair_weights
from lethe.benchmarks.icare.pairs import image_quantities, tidy, tidy_pairs
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.asked import asked_of
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.rows import ROWS, join_rows, write_rows
from lethe.io.tables import read_json, read_parquet, write_json


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
        images: a row group per model, so that the rows of one emitter are read alone; ``value`` in 32 bits, since nothing is computed
            from it. Pairs and entities come from the scores as they are.
        models: names of the models.
        asked: which receivers each model was asked for; none: all.
    """
    records = read_metadata(metadata)
    some = asked_of(asked, len(records))
    baseline, off_mean = read_parquet(off), Embeddings.load(off_embeddings).mean_per_receiver(len(records))
    matrices: dict[tuple[str, int], dict[str, Matrix]] = {}
    specificity: dict[tuple[str, int], np.ndarray] = {}
    weights: dict[tuple[str, int], Matrix] = {}
    with write_rows(images, single=["value"]) as add_images, write_rows(pairs, least=ROWS) as add_pairs:
        for name, scores, embeddings in zip(models, on, on_embeddings, strict=True):
            model = ModelId.parse(name)
            key, index = (model.method, model.epochs), model.index
            quantities = image_quantities(baseline, read_parquet(scores), str(scores))
            of_model = None if some is None else {other: float(some.probability[index, other]) for other in some.of(index)}
            means = tidy_pairs(quantities, len(records), model, str(scores), of_model)
            add_images(tidy(quantities, model))
            add_pairs(means)
            add_model(matrices.setdefault(key, {}), means, len(records), index)
            if (of_pairs := pair_weights(means, len(records))) is not None:
                weights.setdefault(key, np.zeros_like(of_pairs))[index] = of_pairs[index]
            ratios = specificity.setdefault(key, np.full(len(records), np.nan))
            own = None if some is None else some.weights[index]
            ratios[index] = specificity_ratio(Embeddings.load(embeddings), off_mean, index, own)
    methods = [(*key, found, weights.get(key)) for key, found in sorted(matrices.items())]
    write_json(entities, method_records(records, methods, specificity, fidelity))


def join_methods(pairs_of_methods: list[Path], entities_of_methods: list[Path], pairs: Path, entities: Path) -> None:
    """Put the pairs and entities of all methods of a task together."""
    join_rows(pairs, pairs_of_methods)
    write_json(entities, join_records([read_json(path) for path in entities_of_methods]))
