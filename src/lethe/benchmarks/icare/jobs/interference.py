"""Interference of unlearned models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.benchmarks.icare.pairs import image_quantities, pair_means, write_pairs
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.testbed.asked import asked_of
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.tables import read_parquet


def write_emitters(
    metadata: Path,
    off: Path,
    on: list[Path],
    files: list[Path],
    models: list[str],
    fidelity: Fidelity,
    asked: Sequence[Path] = (),
) -> None:
    """Write the published interference file of each emitter of a batch; receivers that it was not asked for do not stand in it.

    Args:
        off, on: scores of the base and of each model.
        files: one per model.
        models: names of the models.
        asked: which receivers each model was asked for; none: all.
    """
    names = [record["name"] for record in read_metadata(metadata)]
    baseline = read_parquet(off)
    some = asked_of(asked, len(names))
    for name, scores, file in zip(models, on, files, strict=True):
        model = ModelId.parse(name)
        of_model = None if some is None else some.of(model.index)
        means = pair_means(image_quantities(baseline, read_parquet(scores), str(scores)), len(names), str(scores), of_model)
        write_pairs(file.parent, means, names if of_model is None else [names[index] for index in of_model], model, fidelity)
