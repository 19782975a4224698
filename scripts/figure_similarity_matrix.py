"""Draw the similarity matrices of a task, one panel per kind."""

from lethe.runtime import start_job

from lethe.io.tables import read_json
from lethe.plots import similarity_matrix
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

start_job(snakemake, f"similarity matrix of {snakemake.wildcards.task}", torch=False)
files = zip(snakemake.params.kinds, snakemake.input.similarities, strict=True)
table = similarity_matrix.data({kind: read_json(file) for kind, file in files}, read_metadata(snakemake.input.metadata))
publish(similarity_matrix.draw(table), table, snakemake.output.png, snakemake.output.csv)
