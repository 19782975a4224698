"""Entities, similarities and pairs of a corpus, as tables of this project."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from lethe.archive.corpus.read import read_entities, read_pairs, read_similarity
from lethe.benchmarks.icare.entities import entity_records, join_records, specificity_ratio
from lethe.benchmarks.icare.noise_floor import noise_floor
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS, tidy
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.schema import read_metadata
from lethe.diffusion.testbed.similarity import dino_similarity, jacc_published, to_records
from lethe.io.rows import ROWS, join_rows, read_rows, write_rows
from lethe.io.tables import read_json, write_json, write_parquet

log = logging.getLogger(__name__)
UNKNOWN = ("mean", "low", "high", "image_low", "image_high")


def take_metadata(published: Path, filtered: Path, unlearned: list[int]) -> None:
    """Write the entities of a task in our form.

    Args:
        unlearned: indices of those of which there is a model.
    """
    write_json(filtered, read_entities(published, unlearned))


def take_similarity(
    metadata: Path, matrix: Path, kind: str, published: list[Path] | None = None, embeddings: list[Path] | None = None
) -> None:
    """Write a similarity in our form.

    Where the corpus has no such file, that of attributes is computed as the reference does, and that of DINO from the base's embeddings.
    Any other is null throughout, as where a source does not know it.

    Args:
        published: the file of the corpus, if it has one.
        embeddings: of the base, if there are any.
    """
    records = read_metadata(metadata)
    names = [str(record["name"]) for record in records]
    if published:
        write_json(matrix, read_similarity(published[0], names))
        return
    if kind == "attr":
        values = jacc_published(records)
    elif embeddings:
        off = Embeddings.load(embeddings[0])
        values = dino_similarity(off.embedding, off.receiver, len(names))
    else:
        values = np.full((len(names), len(names)), np.nan)
    log.warning("the corpus has no similarity '%s': %s", kind, "computed" if np.isfinite(values).any() else "unknown")
    write_json(matrix, to_records(names, values))


def take_pairs(published: list[Path], metadata: Path, pairs: Path, models: list[str], entities: int) -> None:
    """Write the tidy pairs of all models of a method that the corpus has.

    Args:
        published: one file per model.
        models: names of the models.
        entities: how many models there would be.
    """
    names = [str(record["name"]) for record in read_metadata(metadata)]
    if len(models) < entities:
        log.warning("%d of %d entities were unlearned; the rows of the others are empty", len(models), entities)
    with write_rows(pairs, least=ROWS) as append:
        for file, model in zip(published, models, strict=True):
            append(tidy(read_pairs(file, names), ModelId.parse(model)))


def tabulate(
    metadata: Path,
    pairs: Path,
    entities: Path,
    models: list[str],
    fidelity: Fidelity,
    on_embeddings: list[Path] | None = None,
    off_embeddings: list[Path] | None = None,
) -> None:
    """Write what a method does per entity: the 51 published columns from published pairs; ``corrected`` adds those without the entity itself.

    Args:
        models: names of those with embeddings, in the order of ``on_embeddings``.
        off_embeddings: of the base, if there are any.
    """
    records, table = read_metadata(metadata), read_rows([pairs])
    ratios: dict[tuple[str, int], np.ndarray] = {}
    if off_embeddings:
        off = Embeddings.load(off_embeddings[0]).mean_per_receiver(len(records))
        for name, file in zip(models, on_embeddings or [], strict=True):
            model = ModelId.parse(name)
            row = ratios.setdefault((model.method, model.epochs), np.full(len(records), np.nan))
            row[model.index] = specificity_ratio(Embeddings.load(file), off, model.index)
    if fidelity == "corrected":  # the names of these columns do not tell the range, and the corpus has one alone
        named = {ours: key for key, ours in PUBLISHED_KEYS.items()}
        table["metric"] = table["metric"].astype(str).replace(named)
    write_json(entities, entity_records(records, table, ratios, fidelity))


def join(pairs_of_methods: list[Path], entities_of_methods: list[Path], pairs: Path, entities: Path) -> None:
    """Put the tables of all methods of a task together."""
    join_rows(pairs, pairs_of_methods)
    write_json(entities, join_records([read_json(path) for path in entities_of_methods]))


def describe_base(metadata: Path, baseline: Path, floor: Path, seeds: list[int], embeddings: list[Path] | None = None) -> None:
    """Write what is known of the base: which images it drew, and the noise floor of DINO from their embeddings; of other metrics none is known.

    Args:
        seeds: of the images.
        embeddings: of the images of the base, if there are any.
    """
    receivers = range(len(read_metadata(metadata)))
    drawn = pd.DataFrame([(receiver, seed) for receiver in receivers for seed in seeds], columns=["receiver", "seed"])
    known = noise_floor(drawn, _seed_pairs(Embeddings.load(embeddings[0]))) if embeddings and len(seeds) > 1 else {}
    unknown = {name: dict.fromkeys(UNKNOWN) | {"n": 0, "left_out": 0, "level": 0.95} for name in PUBLISHED_KEYS.values()}
    write_parquet(baseline, drawn)
    write_json(floor, unknown | known)


def _seed_pairs(off: Embeddings) -> pd.DataFrame:
    """Cosine of the embeddings of every two seeds of a receiver: ``receiver, seed, other_seed, dino``."""
    unit = off.embedding / np.linalg.norm(off.embedding, axis=1, keepdims=True)
    rows = pd.DataFrame({"receiver": off.receiver, "seed": off.seed, "place": np.arange(len(unit))})
    both = rows.merge(rows.rename(columns={"seed": "other_seed", "place": "other"}), on="receiver")
    both = both[both["seed"] < both["other_seed"]]
    cosines = np.einsum("nd,nd->n", unit[both["place"]], unit[both["other"]]).astype(np.float64)
    return both[["receiver", "seed", "other_seed"]].assign(dino=cosines).reset_index(drop=True)
