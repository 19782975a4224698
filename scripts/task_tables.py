"""Put the tables of all methods of a task together."""

from lethe.runtime import start_job

from lethe.interference.entities import join_records
from lethe.io.tables import read_json, read_parquets, write_json, write_parquet

given, files = snakemake.input, snakemake.output
start_job(snakemake, f"tables {snakemake.wildcards.task}", torch=False)
for name in ("images", "pairs"):
    write_parquet(files[name], read_parquets(given[name]))
write_json(files.entities, join_records([read_json(path) for path in given.entities]))
