"""The two-seed noise floor of a task."""

from lethe.runtime import start_job

from lethe.interference.noise_floor import noise_floor
from lethe.io.tables import read_parquet, write_json

start_job(snakemake, f"noise floor {snakemake.wildcards.task}", torch=False)
write_json(snakemake.output.floor, noise_floor(read_parquet(snakemake.input.off), read_parquet(snakemake.input.seed_pairs)))
