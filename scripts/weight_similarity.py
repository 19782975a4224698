"""How alike the models of a method are, from their deltas."""

from lethe.runtime import start_job

from lethe.diffusion.delta import load_delta
from lethe.interference.weight_similarity import weight_similarity
from lethe.io.tables import read_json, write_json
from lethe.testbed.similarity import to_records

wildcards = snakemake.wildcards
start_job(snakemake, f"weight similarity {wildcards.task} {wildcards.method}")
names = [record["name"] for record in read_json(snakemake.input.metadata)]
matrix = weight_similarity([load_delta(path) for path in snakemake.input.deltas])
write_json(snakemake.output.matrix, to_records(names, matrix))
