"""Join the scores of all models of a task into tidy tables, per image and per pair."""

from lethe.runtime import start_job

from pathlib import Path

import pandas as pd

from lethe.interference.pairs import image_quantities, pair_means, tidy
from lethe.io.tables import read_parquet, write_parquet
from lethe.records import ModelId
from lethe.testbed.schema import read_metadata

start_job(snakemake.log[0], f"pairs {snakemake.wildcards.task}", snakemake.threads, torch=False)
entities = len(read_metadata(snakemake.input.metadata))
off = read_parquet(snakemake.input.off)
images, pairs = [], []
for scores in snakemake.input.on:
    model = ModelId.parse(Path(scores).stem)
    quantities = image_quantities(off, read_parquet(scores), scores)
    images.append(tidy(quantities, model))
    pairs.append(tidy(pair_means(quantities, entities, scores), model))
write_parquet(snakemake.output.images, pd.concat(images, ignore_index=True))
write_parquet(snakemake.output.pairs, pd.concat(pairs, ignore_index=True))
