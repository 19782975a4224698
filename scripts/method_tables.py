"""Interference of all models of a method, per image, per pair and per entity."""

from lethe.runtime import start_job

from pathlib import Path

import numpy as np
import pandas as pd

from lethe.interference.entities import entity_records, specificity_ratio
from lethe.interference.pairs import image_quantities, tidy, tidy_pairs
from lethe.io.tables import read_parquet, write_json, write_parquet
from lethe.metrics.embeddings import Embeddings
from lethe.records import ModelId
from lethe.testbed.schema import read_metadata

given, files = snakemake.input, snakemake.output
start_job(snakemake, f"interference {' '.join(snakemake.wildcards)}", torch=False)
metadata = read_metadata(given.metadata)
off, off_mean = read_parquet(given.off), Embeddings.load(given.off_embeddings).mean_per_receiver(len(metadata))
images, pairs, specificity = [], [], {}
for scores, embeddings in zip(given.on, given.on_embeddings, strict=True):
    model = ModelId.parse(Path(scores).stem)
    quantities = image_quantities(off, read_parquet(scores), scores)
    images.append(tidy(quantities, model))
    pairs.append(tidy_pairs(quantities, len(metadata), model, scores))
    ratios = specificity.setdefault((model.method, model.epochs), np.full(len(metadata), np.nan))
    ratios[model.index] = specificity_ratio(Embeddings.load(embeddings), off_mean, model.index)
table = pd.concat(pairs, ignore_index=True)
write_parquet(files.images, pd.concat(images, ignore_index=True))
write_parquet(files.pairs, table)
write_json(files.entities, entity_records(metadata, table, specificity, snakemake.params.fidelity))
