"""Write interference per entity, next to the metadata."""

from lethe.runtime import start_job

from collections import defaultdict
from pathlib import Path

import numpy as np

from lethe.interference.entities import entity_records, specificity_ratio
from lethe.io.tables import read_parquet, write_json
from lethe.metrics.embeddings import Embeddings
from lethe.records import ModelId
from lethe.testbed.schema import read_metadata

start_job(snakemake.log[0], f"entities {snakemake.wildcards.task}", snakemake.threads, torch=False)
metadata = read_metadata(snakemake.input.metadata)
off_mean = Embeddings.load(snakemake.input.off_embeddings).mean_per_receiver(len(metadata))
specificity = defaultdict(lambda: np.full(len(metadata), np.nan))
for path in snakemake.input.on_embeddings:
    model = ModelId.parse(Path(path).stem.removesuffix("_embeddings"))
    specificity[model.method, model.epochs][model.index] = specificity_ratio(Embeddings.load(path), off_mean, model.index)
records = entity_records(metadata, read_parquet(snakemake.input.pairs), specificity, snakemake.params.fidelity)
write_json(snakemake.output.entities, records)
