"""Draw the interference matrices of a task under one metric."""

from lethe.runtime import start_job

from lethe.io.tables import read_parquet
from lethe.plots import interference_matrix
from lethe.plots.style import publish
from lethe.testbed.schema import read_metadata

task, metric = snakemake.wildcards.task, snakemake.wildcards.metric
start_job(snakemake, f"interference matrix of {task}, {metric}", torch=False)
table = interference_matrix.data(
    read_parquet(snakemake.input.pairs), read_metadata(snakemake.input.metadata), metric, snakemake.params.methods
)
publish(interference_matrix.draw(table, metric), table, snakemake.output.png, snakemake.output.csv)
