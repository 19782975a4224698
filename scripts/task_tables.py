"""Put the tables of all methods of a task together."""

from lethe.runtime import start_job

import pandas as pd

from lethe.interference.entities import join_records
from lethe.io.tables import read_json, read_parquet, write_json, write_parquet

given, files = snakemake.input, snakemake.output
start_job(snakemake.log[0], f"tables {snakemake.wildcards.task}", snakemake.threads, torch=False)
for name in ("images", "pairs"):
    write_parquet(files[name], pd.concat(map(read_parquet, given[name]), ignore_index=True))
write_json(files.entities, join_records([read_json(path) for path in given.entities]))
